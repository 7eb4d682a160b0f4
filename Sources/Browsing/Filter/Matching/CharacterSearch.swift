/// Looks for letters that have case and are not ASCII without regard to it, by Knuth, Morris and Pratt over characters.
struct CharacterSearch: Sendable {
    private let needle: [UInt32]
    private let borders: [Int]

    /// - Parameter needle: In lower case.
    init(_ needle: [UInt32]) {
        self.needle = needle
        var borders = [0, 0]
        var length = 0
        for index in needle.indices.dropFirst() {
            while length > 0, needle[length] != needle[index] { length = borders[length] }
            if needle[length] == needle[index] { length += 1 }
            borders.append(length)
        }
        self.borders = borders
    }

    /// The end of the first occurrence that begins at `start` or later.
    func end(in text: UTF8Text, from start: Int, steps: inout Int) -> Int? {
        guard !needle.isEmpty else { return start }
        var (index, length) = (start, 0)
        while index < text.count {
            let unit = LetterCase.lower(text.next(&index))
            while length > 0, needle[length] != unit {
                length = borders[length]
                steps += 1
            }
            steps += 1
            if needle[length] == unit { length += 1 }
            if length == needle.count { return index }
        }
        return nil
    }
}
