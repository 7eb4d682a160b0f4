/// What the signature header of a delivery holds.
///
/// The elements of a comma-separated list, and those of several header lines, form one list (RFC 9110, 5.3; Backblaze's
/// Java SDK splits on commas too).
public struct SignatureHeader: Sendable, Hashable {
    /// The header's name; names compare without case.
    public static let name = "x-bz-event-notification-signature"

    /// One element of the list.
    public enum Element: Sendable, Hashable {
        /// `v1=`, and whatever follows.
        case digest(String)
        /// `name=value` with another name.
        case otherVersion(String)
        /// Not one name and one value.
        case malformed(String)

        init(_ text: Substring.UnicodeScalarView) {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            if parts.count != 2 {
                self = .malformed(String(text))
            } else if parts[0].elementsEqual("v1".unicodeScalars) {
                self = .digest(String(parts[1]))
            } else {
                self = .otherVersion(String(text))
            }
        }
    }

    /// The header lines' values as received.
    public let lines: [String]
    /// All elements that are not empty.
    public let elements: [Element]

    public init(_ delivery: Delivery) {
        lines = delivery.values(of: Self.name)
        // By scalars: a combining mark behind a comma does not make it another comma.
        elements = lines.flatMap { line in
            line.unicodeScalars.split(separator: ",").map(Self.trim).filter { !$0.isEmpty }.map(Element.init)
        }
    }

    /// The digests received that are 32 bytes of hex, in either case.
    var digests: [SHA256.Digest] {
        elements.compactMap { element in
            guard case .digest(var text) = element else { return nil }
            return text.withUTF8 { Hex.digest(UnsafeRawBufferPointer($0)) }
        }
    }

    /// Without the optional white space of RFC 9110, 5.6.3 at its ends.
    private static func trim(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        let isText: (Unicode.Scalar) -> Bool = { $0 != " " && $0 != "\t" }
        // Each end is found once: to drop one blank after the other would cost the square of their number.
        guard let first = text.firstIndex(where: isText), let last = text.lastIndex(where: isText) else {
            return text[text.endIndex...]
        }
        return text[first...last]
    }
}

/// What a quick look at the signature header of a request tells: nearly all have one line with one digest.
enum PlainSignature {
    case none
    /// One line, and nothing in it but `v1=` and the 64 hex digits of these bytes.
    case digest(SHA256.Digest)
    /// Anything else: it takes a `SignatureHeader`.
    case unusual

    init(_ headers: [HeaderField]) {
        var found = PlainSignature.none
        for field in headers where field.isNamed(SignatureHeader.name) {
            var value = field.value
            guard case .none = found, let digest = value.withUTF8({ Self.digest(UnsafeRawBufferPointer($0)) }) else {
                self = .unusual
                return
            }
            found = .digest(digest)
        }
        self = found
    }

    /// Reads `v1=` and 64 hex digits, in either case; nil where the text is anything else.
    static func digest(_ text: UnsafeRawBufferPointer) -> SHA256.Digest? {
        guard text.starts(with: "v1=".utf8) else { return nil }
        return Hex.digest(UnsafeRawBufferPointer(rebasing: text.dropFirst(3)))
    }
}
