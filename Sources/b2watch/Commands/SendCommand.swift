import ArgumentParser
import Foundation
import Notifications
import Outgoing
import SafeText
import Settings
import Workers

/// Sends sample notifications as B2 does: to try a receiver, b2watch itself first of all.
struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Signs and sends sample notifications as B2 does, and prints each answer.",
        discussion: """
            Without a secret from --secret-file or \(SecretSources.variable) they are not signed, as those of a rule \
            without a secret are not. Exit status 1 if an answer was not 200.
            """)

    @Argument(help: "Where to send: an http or https URL.")
    var url: String

    @Option(
        name: .customLong("secret-file"),
        help: ArgumentHelp("A file that holds the signing secret.", valueName: "file"))
    var secretFile: String?

    @Option(
        help: ArgumentHelp(
            "The event's type: \(SampleType.words.map(\.word).joined(separator: ", ")), or a name such as"
                + " b2:ObjectCreated:Upload.", valueName: "type"))
    var type = "upload"

    @Option(help: "The object's name.")
    var object = SampleOrder().objectName

    // Unconditional, so that a number below 0 gets its sentence and is not taken for an option.
    @Option(parsing: .unconditional, help: "The object's size in bytes.")
    var size = SampleOrder().objectSize

    @Option(help: "The bucket's name.")
    var bucket = SampleOrder().bucketName

    @Option(help: "The rule's name.")
    var rule = SampleOrder().ruleName

    @Option(parsing: .unconditional, help: "How many events a notification holds, 1 to 50.")
    var batch = 1

    @Option(parsing: .unconditional, help: "How many notifications to send.")
    var count = 1

    @Option(parsing: .unconditional, help: "How many to send a second; without it each waits for the answer before.")
    var rate: Double?

    @Flag(name: .customLong("bad-signature"), help: "Sign wrongly.")
    var hasBadSignature = false

    @Flag(name: .customLong("no-signature"), help: "Leave the signature out.")
    var hasNoSignature = false

    func validate() throws {
        if hasBadSignature, hasNoSignature {
            throw ValidationError("--bad-signature and --no-signature exclude each other: give one of them")
        }
        if !(1...50).contains(batch) { throw ValidationError("--batch \(batch): B2 sends 1 to 50 events at once") }
        if count < 1 { throw ValidationError("--count \(count): write 1 or more") }
        if let rate, !(0.001...100_000).contains(rate) {
            throw ValidationError("--rate \(rate): write a number of notifications a second, 0.001 to 100000")
        }
        if size < 0 { throw ValidationError("--size \(size): write 0 or more bytes") }
        do throws(WebhookURLError) { _ = try WebhookURL(url) } catch { throw ValidationError("\(error)") }
        do throws(SampleTypeError) { _ = try SampleType.parse(type) } catch {
            throw ValidationError("--type: \(error)")
        }
    }

    func run() throws {
        let failures = Handoff<Int>()
        Task {
            do {
                failures.give(.success(try await send()))
            } catch {
                failures.give(.failure(error))
            }
        }
        if try failures.take() > 0 { throw ExitStatus.failed }
    }

    /// - Returns: How many were not answered with 200.
    private func send() async throws -> Int {
        let diagnostics = Diagnostics()
        let signature = try StartFailure.explained(by: diagnostics) { try self.signature() }
        var order = SampleOrder()
        order.type = try SampleType.parse(type)
        order.objectName = object
        order.objectSize = size
        order.bucketName = bucket
        order.ruleName = rule
        order.batch = batch

        var generator = SystemRandomNumberGenerator()
        let sender = NotificationSender()
        let output = ByteOutput(descriptor: STDOUT_FILENO)
        var failures = 0
        await sender.send(
            count: count, rate: rate, to: try WebhookURL(url),
            make: { _ in
                SignedSample(SampleNotification(order, at: .now, using: &generator), signature, using: &generator)
            },
            onOutcome: { outcome in
                switch outcome.result {
                case .success(let answer):
                    if answer.status != 200 { failures += 1 }
                    do throws(OutputFailure) {
                        try output.write(Self.line(answer))
                    } catch {
                        failures += 1
                        diagnostics.say("b2watch: standard output takes no more: \(error.reason)")
                        // Nobody would see the answers of the rest.
                        withUnsafeCurrentTask { $0?.cancel() }
                    }
                case .failure(let error):
                    failures += 1
                    diagnostics.say("b2watch: \(error)")
                }
            })
        await sender.shutdown()
        diagnostics.flush()
        return failures
    }

    private func signature() throws -> SampleSignature {
        var sources = ProcessEnvironment.secretSources(files: [])
        if let secretFile {
            sources = SecretSources(files: [try SecretFile(argument: secretFile)])
        } else {
            sources.credentials = nil
            sources.remembered = nil
        }
        let secret = try sources.load().first?.secret
        if hasNoSignature { return .none }
        if hasBadSignature { return .wrong(secret) }
        return secret.map(SampleSignature.signed) ?? .none
    }

    /// The answer came from outside, so it is escaped as any text from there.
    private static func line(_ answer: SentAnswer) -> [UInt8] {
        let text = SafeText(utf8: answer.body).string
        return Array("\(answer.status) \(text)  \(answer.duration.inMilliseconds)\n".utf8)
    }
}
