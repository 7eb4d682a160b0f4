import Foundation
import History
import Intake
import Notifications

/// What `verify` judges, with the secret of b2watch's own test events where there may be one among it.
struct VerifiedRequest {
    let delivery: Delivery
    var selfTest: SigningSecret?
    /// As recorded, if it is.
    var recorded: DeliveryRecord?
    /// The secrets that were deleted as leaked there.
    var leaked: [SecretIdentity] = []
    /// Where the delivery is recorded: its number and the history's path.
    private var place: (id: Int64, history: String)?

    /// The most that is read of a body: as much as a listener may be told to take.
    private static let largest = ByteCount.largest

    /// A delivery of a history.
    ///
    /// - Throws: `ReadOnlyHistoryError`, `VerifyError`, or what SQLite says.
    init(delivery id: Int64, in path: String) throws {
        let history = try ReadOnlyHistory(path)
        defer { history.close() }
        guard let record = try history.reader.delivery(id) else {
            throw VerifyError.noDelivery(id, newest: history.opened.latestDelivery)
        }
        delivery = record.delivery
        recorded = record
        leaked = try history.reader.secrets().filter { $0.leakedAt != nil }.map(\.identity)
        selfTest = try SigningSecret.selfTest(of: history.reader)
        place = (id, path)
    }

    /// Returns the evidence, with the delivery that the signature belongs to where it is another recorded one.
    func lookingNear(_ evidence: SignatureEvidence, _ keyring: Keyring) -> SignatureEvidence {
        guard let place, evidence.diagnosis != nil, let history = try? ReadOnlyHistory(place.history) else {
            return evidence
        }
        defer { history.close() }
        return evidence.lookingNear(place.id, in: history.reader, keyring: keyring, delivery) { false }
    }

    /// A body and what was received for its signature.
    ///
    /// - Parameter path: A file, byte for byte; `-` for standard input.
    /// - Throws: `VerifyError`.
    init(body path: String, signature: String) throws {
        let body = try Self.read(path)
        delivery = Delivery(
            receivedAt: .now, remoteAddress: "", method: "POST", target: "/",
            headers: [
                HeaderField(SignatureHeader.name, Self.value(signature)),
                // What was not given is no clue.
                HeaderField("User-Agent", "B2/EventNotifications"),
            ], body: body)
    }

    /// The value alone, where a whole header line was pasted.
    private static func value(_ text: String) -> String {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == SignatureHeader.name else { return text }
        return String(parts[1].drop { $0 == " " || $0 == "\t" })
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let isInput = path == "-"
        let descriptor = isInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw VerifyError.body(path, reason: String(cString: strerror(errno))) }
        defer { if !isInput { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw VerifyError.body(isInput ? "standard input" : path, reason: String(cString: strerror(errno)))
            }
            bytes += buffer.prefix(count)
            guard bytes.count <= largest else {
                throw VerifyError.body(
                    isInput ? "standard input" : path, reason: "it is longer than \(largest >> 20) MiB")
            }
        }
    }
}

/// Why nothing can be verified. None of these is a verdict.
enum VerifyError: Error, CustomStringConvertible {
    case body(String, reason: String)
    case noDelivery(Int64, newest: Int64)
    case noSecret(recorded: String?)

    var description: String {
        switch self {
        case .body(let path, let reason): "the body \(path) cannot be read: \(reason)"
        case .noDelivery(let id, 0): "the history holds no delivery \(id): it is empty"
        case .noDelivery(let id, let newest): "the history holds no delivery \(id): the newest is \(newest)"
        case .noSecret(let recorded):
            "there is no signing secret, so nothing can be verified: put it into a file and name that with --secret-file"
                + (recorded.map { ". Recorded is: \($0)" } ?? "")
        }
    }
}

extension DeliveryRecord {
    /// Such as `valid, by the secret prod (3f9a), since 2026-01-01T10:11:13.000Z`.
    var verdictSentence: String {
        let secret = judgement.secret.map { ", by the secret \($0)" } ?? ""
        return judgement.verdict.title + secret + (judgedAt.map { ", since \($0.rfc3339)" } ?? "")
    }
}
