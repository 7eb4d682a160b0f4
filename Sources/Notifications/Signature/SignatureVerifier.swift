// MARK: - Verdict

/// The verdict on a delivery's signature. Recorded verdicts are evidence: see `Judgement.replaces(_:)`.
public enum SignatureVerdict: Int, Codable, Sendable, Hashable, CaseIterable {
    /// A secret of ours gives the digest received.
    case valid = 0
    /// A `v1` digest was received and no secret of ours gives it, or only one that is bound elsewhere.
    case invalid = 1
    /// No signature header.
    case missing = 2
    /// A header that is not `name=value`.
    case malformed = 3
    /// A version other than `v1`.
    case unsupported = 4
    /// The keyring had no secret to check with.
    case unverified = 5
    /// Not a notification (another method, another path), so not checked and not counted.
    case unjudged = 6
    /// Valid by a secret that a person has since deleted as leaked: anybody who has it could have signed this. Never
    /// recorded; a recorded `valid` is read as this from then on.
    case removed = 7
    /// Without a signature header, from a rule that a person has named as one that does not sign, and with the proof that
    /// was agreed on for it. Never as good as `valid`.
    case unsigned = 8
    /// Of an event that b2watch has made from the bucket's listing, because no notification of it was recorded. Nothing was
    /// received and nothing is signed, so it is never as good as `valid`.
    case reconciled = 9

    /// The word for it in everything that programs read: JSON, exports, variables of commands.
    public var word: String {
        switch self {
        case .valid: "valid"
        case .invalid: "invalid"
        case .missing: "missing"
        case .malformed: "malformed"
        case .unsupported: "unsupported"
        case .unverified: "unverified"
        case .unjudged: "unjudged"
        case .removed: "valid, secret removed"
        case .unsigned: "unsigned"
        case .reconciled: "reconciled"
        }
    }

    /// The words for it in everything that people read.
    public var title: String { self == .unjudged ? "not checked" : word }

    /// The word for it in a filter.
    public var filterWord: String { self == .removed ? "removed" : word }

    /// The sign before the title. No two verdicts share one.
    public var glyph: String {
        switch self {
        case .valid: "✓"
        case .invalid: "✗"
        case .missing: "–"
        case .malformed: "!"
        case .unsupported: "v"
        case .unverified: "?"
        case .unjudged: "·"
        case .removed: "⊘"
        case .unsigned: "u"
        case .reconciled: "r"
        }
    }

    /// The rank of a delivery when two carry the same event: valid, then unverified, unsigned or reconciled, then the
    /// rest.
    ///
    /// Only an earlier delivery of equal or higher trust makes a later one a duplicate, so that a forgery cannot shadow
    /// the real event.
    public var trust: Int {
        switch self {
        case .valid: 2
        case .unverified, .removed, .unsigned, .reconciled: 1
        case .invalid, .missing, .malformed, .unsupported, .unjudged: 0
        }
    }

    /// Whether the secret recorded with it gave it. A secret may also be recorded with `invalid`: it gives the digest, but
    /// is bound to something else, and so vouches for nothing.
    public var isBySecret: Bool { self == .valid || self == .removed }

    /// The verdicts that are counted, in the order in which they are shown.
    public static let counted: [SignatureVerdict] = [
        .valid, .removed, .invalid, .missing, .malformed, .unsupported, .unverified, .unsigned, .reconciled,
    ]
}

// MARK: - Header

/// The content of the signature header of a delivery.
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

    /// Removes the optional white space of RFC 9110, 5.6.3 at its ends.
    private static func trim(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        let isText: (Unicode.Scalar) -> Bool = { $0 != " " && $0 != "\t" }
        // Each end is found once: to drop one blank after the other would cost the square of their number.
        guard let first = text.firstIndex(where: isText), let last = text.lastIndex(where: isText) else {
            return text[text.endIndex...]
        }
        return text[first...last]
    }
}

/// The result of a quick look at the signature header of a request: nearly all have one line with one digest.
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

// MARK: - Verifying

/// A verdict and what led to it.
public struct Judgement: Codable, Sendable, Hashable {
    public var verdict: SignatureVerdict
    /// The secret whose digest was received, also where the match lies outside its binding.
    public var secret: SecretIdentity?

    public init(_ verdict: SignatureVerdict, secret: SecretIdentity? = nil) {
        self.verdict = verdict
        self.secret = secret
    }

    /// Returns whether this verdict, given later, replaces a recorded one.
    ///
    /// A recorded verdict is evidence. A secret that is tried later may verify a signature that was not valid, and it
    /// adds information if nothing could be checked before or if the secret is bound elsewhere. It never takes anything
    /// back, and neither does the absence of a secret. A valid verdict of an older version, which recorded the secret's
    /// label alone, is confirmed.
    public func replaces(_ recorded: Judgement) -> Bool {
        switch recorded.verdict {
        case .valid: verdict == .valid && recorded.secret?.fingerprint == nil
        case .unverified: verdict != .unverified
        case .invalid: verdict == .valid || (verdict == .invalid && recorded.secret == nil && secret != nil)
        case .missing, .malformed, .unsupported, .unsigned: verdict == .valid
        case .unjudged, .removed, .reconciled: false
        }
    }
}

/// Verifies signatures: `v1=` and the hex HMAC-SHA-256 of the exact body bytes, keyed with the secret's UTF-8 bytes.
///
/// Source: Backblaze's event notification reference guide; `B2EventNotification` of its Java SDK.
public struct SignatureVerifier: Sendable {
    public let keyring: Keyring

    public init(_ keyring: Keyring) {
        self.keyring = keyring
    }

    /// Verifies a delivery.
    /// One matching element makes the delivery valid. Otherwise one `v1` element makes it invalid, whatever the others
    /// are; otherwise an element of another version makes it unsupported; otherwise it is malformed. With an empty
    /// keyring the verdict is unverified.
    ///
    /// - Parameter events: The delivery's events, needed for secrets that are bound to a bucket or a rule.
    public func verify(_ delivery: Delivery, events: [NotificationEvent]) -> Judgement {
        if let selfTest = keyring.selfTest, isSigned(delivery, by: selfTest, events) {
            return Judgement(.valid, secret: selfTest.identity)
        }
        guard !keyring.isEmpty else { return Judgement(.unverified) }
        switch PlainSignature(delivery.headers) {
        case .none: return Judgement(.missing)
        case .digest(let digest): return verify([digest], of: delivery.body, events: events)
        case .unusual: break
        }
        let header = SignatureHeader(delivery)
        var hasVersion1 = false
        var hasOtherVersion = false
        for element in header.elements {
            switch element {
            case .digest: hasVersion1 = true
            case .otherVersion: hasOtherVersion = true
            case .malformed: break
            }
        }
        guard hasVersion1 else { return Judgement(hasOtherVersion ? .unsupported : .malformed) }
        return verify(header.digests, of: delivery.body, events: events)
    }

    private func verify(_ digests: [SHA256.Digest], of body: [UInt8], events: [NotificationEvent]) -> Judgement {
        guard !digests.isEmpty else { return Judgement(.invalid) }
        var outside: SecretIdentity?
        for secret in keyring.secrets {
            let expected = secret.digest(of: body)
            guard digests.contains(where: { HMACSHA256.areEqual(expected, $0) }) else { continue }
            if secret.binding.outsider(among: events) == nil { return Judgement(.valid, secret: secret.identity) }
            outside = outside ?? secret.identity
        }
        return Judgement(.invalid, secret: outside)
    }

    /// Returns whether a delivery is one of our own test events; computes the digest only if its events look like one.
    private func isSigned(_ delivery: Delivery, by selfTest: SigningSecret, _ events: [NotificationEvent]) -> Bool {
        guard !events.isEmpty, selfTest.binding.outsider(among: events) == nil else { return false }
        let expected = selfTest.digest(of: delivery.body)
        return SignatureHeader(delivery).digests.contains { HMACSHA256.areEqual(expected, $0) }
    }
}
