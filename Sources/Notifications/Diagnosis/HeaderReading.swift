/// How a digest has to be read out of the request to be the right one; empty for `v1=` and all its digits.
public struct HeaderReading: Codable, Sendable, Hashable {
    public enum Step: Codable, Sendable, Hashable {
        /// It stands in a header of this name.
        case otherHeader(String)
        /// Quotes stand around it.
        case quotes
        /// This stands in place of `v1=`.
        case prefix(String)
        /// Nothing stands in place of `v1=`.
        case bare
        /// White space stands in it.
        case spaces
        case percentEncoded
        case base64
        /// Only its first digits are there: so many.
        case cut(Int)
        /// Only its last digits are there: so many.
        case headless(Int)
        /// So many characters stand behind or before it that do not belong to it.
        case extra(Int)
        /// It stands amid other text.
        case amid
        /// Colons, dashes or the like stand between its digits.
        case separators
        /// Its bytes are written as decimal numbers.
        case bytes
    }

    public var steps: [Step] = []

    /// However odd a header is written, it is one mistake.
    var cost: Int { steps.isEmpty ? 0 : 1 }

    /// How it is to be read. May hold text from outside.
    var phrase: String {
        steps.map(Self.phrase).joined(separator: " and ")
    }

    private static func phrase(_ step: Step) -> String {
        switch step {
        case .otherHeader(let name): "taken from the header “\(name)”"
        case .quotes: "read without the quotes around it"
        case .prefix(let text): "with “v1=” for “\(text)”"
        case .bare: "with “v1=” before it"
        case .spaces: "read without the white space in it"
        case .percentEncoded: "read as percent-encoded"
        case .base64: "read as base64"
        case .cut(let count): "as far as it goes: only its first \(count) digits were received"
        case .headless(let count): "as far as it goes: only its last \(count) digits were received"
        case .extra(1): "read without the one character too many"
        case .extra(let count): "read without the \(count) characters too many"
        case .amid: "taken out of the text around it"
        case .separators: "read without what separates its digits"
        case .bytes: "read as a list of byte values"
        }
    }

    /// What to do about it.
    var advice: String {
        for step in steps {
            switch step {
            case .otherHeader:
                return "Something renamed the header, or the sender uses a name of its own: have it sent as"
                    + " \(SignatureHeader.name)."
            case .cut, .headless:
                return
                    "Have the header sent whole, v1= and 64 hex digits: look for a limit on its length, in the sender"
                    + " or a proxy."
            default: break
            }
        }
        return "Have the header sent as v1= and 64 hex digits, nothing else."
    }
}

/// A text in a request that may be a digest.
struct ReceivedDigest {
    /// Lower-case hex digits.
    let digits: [UInt8]
    let reading: HeaderReading

    /// The fewest digits that say something certain: 64 bits.
    static let certainDigits = 16

    /// How this has to be read to be the given digest, or nil where it is not.
    ///
    /// Not in constant time: it answers no sender.
    func reading(as digest: [UInt8]) -> HeaderReading? {
        if digits.count == digest.count { return digits == digest ? reading : nil }
        if digits.count < digest.count {
            guard digits.count >= Self.certainDigits else { return nil }
            if digest.starts(with: digits) { return reading(.cut(digits.count)) }
            if digest.suffix(digits.count).elementsEqual(digits) { return reading(.headless(digits.count)) }
        } else if digits.starts(with: digest) || digits.suffix(digest.count).elementsEqual(digest) {
            return reading(.extra(digits.count - digest.count))
        }
        return nil
    }

    private func reading(_ step: HeaderReading.Step) -> HeaderReading {
        HeaderReading(steps: reading.steps + [step])
    }
}
