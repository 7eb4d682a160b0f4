import ArgumentParser
import Foundation
import History
import Log
import Notifications
import Settings

/// Judges one signature, and says why it is not right.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Judges the signature of a body, or of a recorded delivery, and says why it is not right.",
        usage: """
            b2watch verify [--secret-file <file> ...] --signature <value> <body>
            b2watch verify [--secret-file <file> ...] --delivery <number> [--history <file>]
            """,
        discussion: """
            The first line of the output is the verdict: valid, invalid, missing, malformed or unsupported; "valid, secret \
            removed" where that secret was deleted as leaked; or unjudged for a delivery that is not a notification. Of a \
            recorded delivery the output ends with the verdict that is recorded.

            Exit status: 0 valid; 1 any other verdict; 4 the history cannot be had; 64 usage, a body, secret or delivery \
            that is not there, or no secret at all.
            """)

    @Argument(help: "The file that holds the request's body, byte for byte; - for standard input.")
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
            "A file that holds a signing secret; may be given several times.",
            discussion: """
                With a label: LABEL=FILE. Bound to a bucket or a rule: LABEL@bucket:NAME=FILE, LABEL@rule:NAME=FILE. \
                Where one is given, none but those given make a signature valid; else the environment variable \
                \(SecretSources.variable), systemd's credentials folder and the saved secrets do.
                """, valueName: "file"))
    var secretFiles: [String] = []

    @Option(
        help: ArgumentHelp(
            "The history that holds the delivery.",
            discussion: "By default $XDG_STATE_HOME/b2watch/history.sqlite, or ~/.local/state/b2watch/history.sqlite.",
            valueName: "file"))
    var history: String?

    func validate() throws {
        if secretFiles.contains("") { throw ValidationError("--secret-file wants a file's path") }
        if history?.isEmpty == true { throw ValidationError("--history wants a file's path") }
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
            if history != nil { throw ValidationError("--history is for --delivery: give that too, or leave it out") }
        }
    }

    func run() throws {
        let diagnostics = Diagnostics()
        let verdict = try StartFailure.explained(by: diagnostics) { try judge(diagnostics) }
        diagnostics.flush()
        if verdict != .valid { throw ExitStatus.failed }
    }

    private func judge(_ diagnostics: Diagnostics) throws -> SignatureVerdict {
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
            return try VerifiedRequest(delivery: delivery, in: history ?? ProcessEnvironment.places.history)
        }
        return try VerifiedRequest(body: body ?? "-", signature: signature ?? "")
    }

    /// The secrets that count, and those that are held besides.
    private static func secrets(named files: [String]) throws -> (named: [LoadedSecret], others: [LoadedSecret]) {
        var sources = ProcessEnvironment.secretSources(files: try files.map(SecretFile.init(argument:)))
        guard !files.isEmpty else { return (try sources.load(), []) }
        let named = try SecretSources(files: sources.files).load()
        sources.files = []
        // What was not asked for may be in disorder.
        return (named, (try? sources.load()) ?? [])
    }

    private static func evidence(_ request: VerifiedRequest, _ secrets: [LoadedSecret]) throws -> SignatureEvidence {
        var keyring = try Keyring(secrets.map(\.secret))
        keyring.selfTest = request.selfTest
        // What was never checked has no signature to verify; else it is the secrets named that count here.
        let recorded = request.recorded?.judgement
        let evidence = SignatureEvidence(
            request.delivery, keyring: keyring, recorded: recorded?.verdict == .unjudged ? recorded : nil)
        return request.lookingNear(evidence, keyring)
    }
}
