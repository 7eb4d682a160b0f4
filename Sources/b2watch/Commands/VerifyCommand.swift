import ArgumentParser
import Base
import Foundation
import History
import Notifications
import Receiving
import Settings

/// Verifies one signature, and explains why it is not valid.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verifies the signature of a body, or of a recorded delivery, and explains why it is not valid.",
        usage: """
            b2watch verify [--secret-file <file> ...] --signature <value> <body>
            b2watch verify [--secret-file <file> ...] --delivery <number> [--history <file>]
            """,
        discussion: """
            The first line of the output is the verdict: valid, invalid, missing, malformed or unsupported; "valid, secret \
            removed" where that secret was deleted as leaked; or unjudged for a delivery that is not a notification. Of a \
            recorded delivery the output ends with the verdict that is recorded.

            Exit status: 0 valid; 1 any other verdict; 4 the history cannot be opened; 64 usage, a body, secret or delivery \
            that is not there, or no secret at all.
            """)

    @Argument(help: "The file with the request's body, byte for byte; - for standard input.")
    var body: String?

    @Option(
        help: ArgumentHelp(
            "What was received in the header \(SignatureHeader.name), such as v1=….", valueName: "value"))
    var signature: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The number of a recorded delivery, in place of a body.", valueName: "number"))
    var delivery: Int64?

    @Option(
        name: .customLong("secret-file"), parsing: .singleValue,
        help: ArgumentHelp(
            "A file with a signing secret; may be given several times.",
            discussion: """
                With a label: LABEL=FILE. Bound to a bucket or a rule: LABEL@bucket:NAME=FILE, LABEL@rule:NAME=FILE. \
                Where one is given, none but those given make a signature valid; else the environment variable \
                \(SecretSources.variable), systemd's credentials folder and the saved secrets do.
                """, valueName: "file"))
    var secretFiles: [String] = []

    @OptionGroup var history: HistoryOption

    func validate() throws {
        if secretFiles.contains("") { throw ValidationError("--secret-file wants a file's path") }
        if let delivery {
            if body != nil || signature != nil {
                throw ValidationError("--delivery \(delivery) has its own body and signature: leave the others out")
            }
        } else {
            if body == nil, signature == nil {
                throw ValidationError("give --signature and a file with the body, or --delivery")
            }
            if body == nil { throw ValidationError("give the file with the body too, or - for standard input") }
            if signature == nil { throw ValidationError("give the header's value too: --signature v1=…") }
            if history.file != nil {
                throw ValidationError("--history is for --delivery: give that too, or leave it out")
            }
        }
    }

    func run() throws {
        let diagnostics = Diagnostics()
        let verdict = try StartFailure.explained(by: diagnostics) { try verify(diagnostics) }
        diagnostics.flush()
        if verdict != .valid { throw ExitStatus.failed }
    }

    private func verify(_ diagnostics: Diagnostics) throws -> SignatureVerdict {
        let held = try Self.secrets(named: secretFiles)
        for note in held.named.flatMap(\.notes) { diagnostics.say(note, .warning) }
        let request = try request()
        let evidence = try Self.evidence(request, held.named)
        guard evidence.judgement.verdict != .unverified else {
            throw VerifyError.noSecret(recorded: request.recorded?.verdictSentence)
        }

        var report = SignatureReport(evidence: evidence, recorded: request.recorded?.verdictSentence)
        report.isLeaked = request.leaked.contains { $0.fingerprint == evidence.judgement.secret?.fingerprint }
        if evidence.judgement.verdict != .valid, !held.others.isEmpty,
            let other = try? Self.evidence(request, held.others), other.judgement.verdict == .valid,
            let source = held.others.first(where: { $0.secret.identity == other.judgement.secret })?.source
        {
            report.unnamed = (other.judgement.secret?.label ?? "", "\(source)")
        }
        do throws(OutputFailure) {
            try ByteOutput(descriptor: STDOUT_FILENO).write(report.bytes)
        } catch  where error.isClosedPipe {
            // The verdict is the status, whether or not anybody reads the rest.
        } catch {
            diagnostics.say("b2watch: standard output takes no more: \(error.reason)")
            diagnostics.flush()
            throw ExitStatus.failed
        }
        return report.verdict
    }

    private func request() throws -> VerifiedRequest {
        if let delivery {
            return try VerifiedRequest(delivery: delivery, in: history.path)
        }
        return try VerifiedRequest(body: body ?? "-", signature: signature ?? "")
    }

    /// Returns the secrets to verify with, and the other current ones.
    private static func secrets(named files: [String]) throws -> (named: [LoadedSecret], others: [LoadedSecret]) {
        var sources = ProcessEnvironment.secretSources(files: try files.map(SecretFile.init(argument:)))
        guard !files.isEmpty else { return (try sources.load(), []) }
        let named = try SecretSources(files: sources.files).load()
        sources.files = []
        // Problems of sources that were not named do not matter.
        return (named, (try? sources.load()) ?? [])
    }

    private static func evidence(_ request: VerifiedRequest, _ secrets: [LoadedSecret]) throws -> SignatureEvidence {
        var keyring = try Keyring(secrets.map(\.secret))
        keyring.selfTest = request.selfTest
        // A request that was never verified has no signature; otherwise only the named secrets count here.
        let recorded = request.recorded?.judgement
        let evidence = SignatureEvidence(
            request.delivery, keyring: keyring, recorded: recorded?.verdict == .unjudged ? recorded : nil)
        return request.lookingNear(evidence, keyring)
    }
}

// MARK: - Requests

/// The request that `verify` checks, with the secret of b2watch's own test events if it may be one of them.
struct VerifiedRequest {
    let delivery: Delivery
    var selfTest: SigningSecret?
    /// The recorded delivery, if it is recorded.
    var recorded: DeliveryRecord?
    /// The secrets that were deleted as leaked in that history.
    var leaked: [SecretIdentity] = []
    /// The record of the delivery: its number and the history's path.
    private var place: (id: Int64, history: String)?

    /// The most bytes of a body that are read: the largest limit that a listener can have.
    private static let largest = ByteCount.largest

    /// Reads a delivery of a history.
    ///
    /// - Throws: `ReadOnlyHistoryError`, `VerifyError`, or SQLite's error.
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

    /// Returns the evidence, with the delivery that the signature belongs to if it is another recorded one.
    func lookingNear(_ evidence: SignatureEvidence, _ keyring: Keyring) -> SignatureEvidence {
        guard let place, evidence.diagnosis != nil, let history = try? ReadOnlyHistory(place.history) else {
            return evidence
        }
        defer { history.close() }
        return evidence.lookingNear(place.id, in: history.reader, keyring: keyring, delivery) { false }
    }

    /// Reads a body, with the signature as it was received.
    ///
    /// - Parameter path: A file, byte for byte; `-` for standard input.
    /// - Throws: `VerifyError`.
    init(body path: String, signature: String) throws {
        let body = try Self.read(path)
        delivery = Delivery(
            receivedAt: .now, remoteAddress: "", method: "POST", target: "/",
            headers: [
                HeaderField(SignatureHeader.name, Self.value(signature)),
                // Fields that were not given must not count as evidence.
                HeaderField("User-Agent", "B2/EventNotifications"),
            ], body: body)
    }

    /// Returns only the value if a whole header line was pasted.
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

/// The reason why nothing can be verified. None of these is a verdict.
enum VerifyError: Error, CustomStringConvertible {
    case body(String, reason: String)
    case noDelivery(Int64, newest: Int64)
    case noSecret(recorded: String?)

    var description: String {
        switch self {
        case .body(let path, let reason): "the body \(path) cannot be read: \(reason)"
        case .noDelivery(let id, 0): "the history has no delivery \(id): it is empty"
        case .noDelivery(let id, let newest): "the history has no delivery \(id): the newest is \(newest)"
        case .noSecret(let recorded):
            "no signing secret is set, so nothing can be verified: put it into a file and name that with --secret-file"
                + (recorded.map { ". Recorded is: \($0)" } ?? "")
        }
    }
}

extension DeliveryRecord {
    /// A sentence such as `valid, by the secret prod (3f9a), since 2026-01-01T10:11:13.000Z`.
    var verdictSentence: String {
        let secret = judgement.secret.map { ", by the secret \($0)" } ?? ""
        return judgement.verdict.title + secret + (judgedAt.map { ", since \($0.rfc3339)" } ?? "")
    }
}

// MARK: - Reports

/// The report about a signature on standard output: the verdict's word on the first line, then the reason.
struct SignatureReport {
    let evidence: SignatureEvidence
    /// The verdict in the history, in a sentence; nil if the delivery is not from a history.
    var recorded: String?
    /// Whether the secret that makes it valid was deleted as leaked.
    var isLeaked = false
    /// A matching secret that was not given as an argument, and its place.
    var unnamed: (label: String, source: String)?

    var verdict: SignatureVerdict {
        isLeaked && evidence.judgement.verdict == .valid ? .removed : evidence.judgement.verdict
    }

    /// The report in UTF-8, without characters that control a terminal.
    var bytes: [UInt8] {
        var lines: [SafeText] = ["\(verdict.word)", "\(evidence.sentence)"]
        if verdict == .removed {
            lines.append("This secret was deleted as leaked: anybody who has it could have signed this.")
        }
        if let unnamed {
            lines += block(
                "Why",
                [
                    "It is right under the secret “\(unnamed.label)”, which b2watch has (from \(unnamed.source)) but was not named"
                        + " with --secret-file."
                ])
            lines += block("What to do", ["Name that one with --secret-file too, or leave --secret-file out."])
        } else {
            for section in evidence.diagnosis?.sections ?? [] { lines += block(section.heading, section.paragraphs) }
        }
        lines += block("Received", evidence.received.isEmpty ? ["no signature header"] : evidence.received)
        for each in evidence.expectations {
            let bound = each.binding == .any ? "" : ", bound to \(each.binding)"
            let mark = each.isReceived ? "received" : "not received"
            lines += block("Computed with \(each.label) (\(each.fingerprint))\(bound): \(mark)", [each.signature])
        }
        if let recorded { lines += block("Recorded", [recorded]) }
        return Array(lines.map { $0.string + "\n" }.joined().utf8)
    }

    private func block(_ heading: String, _ paragraphs: [String]) -> [SafeText] {
        ["", "\(heading)"] + paragraphs.map { "  \($0)" }
    }
}
