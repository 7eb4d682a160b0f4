/// Random lower-case hex digits.
enum RandomHex {
    static func digits(_ count: Int, using generator: inout some RandomNumberGenerator) -> String {
        var text = ""
        while text.utf8.count < count {
            let word = String(generator.next() as UInt64, radix: 16)
            text += String(repeating: "0", count: 16 - word.utf8.count) + word
        }
        return String(text.prefix(count))
    }
}
