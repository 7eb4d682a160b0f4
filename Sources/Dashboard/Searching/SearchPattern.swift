import History
import Notifications

/// A text to search for: plain, and blind to case unless it holds a capital.
struct SearchPattern: Sendable, Hashable {
    let text: String
    private let isCaseSensitive: Bool
    /// In UTF-8, in lower case where case does not matter.
    private let needle: [UInt8]

    /// Nil for an empty text, which is everywhere.
    init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        self.text = text
        isCaseSensitive = text.contains(where: \.isUppercase)
        needle = isCaseSensitive ? Array(text.utf8) : text.utf8.map(Self.folded)
    }

    /// Whether it is in a text of UTF-8.
    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        first(in: bytes, from: 0) != nil
    }

    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
    }

    /// The ranges in which it is found in a line of cells, in their numbers.
    func ranges(in cells: [String]) -> [Range<Int>] {
        var (bytes, owners): ([UInt8], [Int]) = ([], [])
        for (index, cell) in cells.enumerated() {
            for byte in cell.utf8 {
                bytes.append(byte)
                owners.append(index)
            }
        }
        var (ranges, from): ([Range<Int>], Int) = ([], 0)
        bytes.withUnsafeBytes { bytes in
            while let start = first(in: bytes, from: from) {
                from = start + needle.count
                ranges.append(owners[start]..<(owners[from - 1] + 1))
            }
        }
        return ranges
    }

    private func first(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard bytes.count - start >= needle.count else { return nil }
        for place in start...(bytes.count - needle.count) {
            var index = 0
            while index < needle.count {
                let byte = bytes[place + index]
                guard (isCaseSensitive ? byte : Self.folded(byte)) == needle[index] else { break }
                index += 1
            }
            if index == needle.count { return place }
        }
        return nil
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension SearchPattern {
    /// The rows in whose texts it is found.
    var predicate: RowPredicate {
        let pattern = TextPattern("search:\(text)") { matches($0) }
        let verdicts = SignatureVerdict.allCases.filter { matches($0.title) }
        return .any([
            .text([.eventType, .objectName, .bucketName, .matchedRuleName, .eventId, .objectVersionId], pattern),
            .all([.not(.event), .text([.method, .target], pattern)]), .verdict(Set(verdicts)),
        ])
    }

    /// Whether it is found in the texts of a row, as `predicate` says.
    func matches(_ row: EventRow) -> Bool {
        if matches(row.verdict.title) { return true }
        guard row.position != nil else { return matches(row.method) || matches(row.target) }
        let fields = [
            row.eventType, row.objectName, row.bucketName, row.matchedRuleName, row.eventId, row.objectVersionId,
        ]
        return fields.contains { matches($0.text) }
    }
}
