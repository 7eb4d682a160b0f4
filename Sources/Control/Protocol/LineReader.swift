/// Takes a stream of bytes apart into lines, none of them longer than a limit.
struct LineReader {
    /// A line is longer than the limit; nothing can be read any more.
    struct TooLong: Error, Hashable {
        let limit: Int
    }

    /// The longest line, in bytes, without its end.
    let limit: Int
    private var begun: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes what came.
    ///
    /// - Returns: The lines that are whole now, without their ends.
    mutating func take(_ bytes: some Collection<UInt8>) throws(TooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            // Each part but the first stands behind the end of a line.
            if isInside {
                lines.append(begun)
                begun = []
            }
            isInside = true
            guard begun.count + part.count <= limit else { throw TooLong(limit: limit) }
            begun += part
        }
        isInside = false
        return lines
    }

    private var isInside = false
}
