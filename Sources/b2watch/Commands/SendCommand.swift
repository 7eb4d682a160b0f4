import ArgumentParser
import Base
import Foundation
import Notifications
import Sending
import Settings

/// Sends sample notifications as B2 does, to test a receiver or b2watch itself.
struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Signs and sends sample notifications as B2 does, and prints each answer.",
        discussion: """
            With --count many are sent, all alike, or different by --names, by options that are repeated, or by --mixed. \
            Without a secret from --secret-file or \(SecretSources.variable) they are not signed, as those of a rule \
            without a secret are not. Exit status 1 if an answer was not 200.
            """)

    @Argument(help: "Where to send: an http or https URL.")
    var url: String

    @OptionGroup var authorities: AuthorityOptions

    @Option(
        name: .customLong("secret-file"),
        help: ArgumentHelp("A file with the signing secret.", valueName: "file"))
    var secretFile: String?

    @Option(
        help: ArgumentHelp(
            "The event's type: \(SampleType.words.map(\.word).joined(separator: ", ")), or a name such as"
                + " b2:ObjectCreated:Upload. Repeat it, and they take turns. (default: upload)", valueName: "type"))
    var type: [String] = []

    @Option(
        help: ArgumentHelp(
            "The object's name; {n} in it is the number of the event. Repeat it, and they take turns. (default:"
                + " \(SampleOrder().objectName))", valueName: "name"))
    var object: [String] = []

    @Option(
        name: .customLong("names"),
        help: ArgumentHelp(
            "A file of objects' names, one on a line, which take turns; - is standard input.", valueName: "file"))
    var namesFile: String?

    // Unconditional, so that a negative number gets its own error and is not read as an option.
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The object's size, such as 512, 64KiB or 10MB, or a range such as 1KB..10MB, of which each is random. Repeat"
                + " it, and they take turns. (default: \(SampleOrder().objectSize))", valueName: "size"))
    var size: [String] = []

    @Option(help: "The bucket's name. Repeat it, and they take turns. (default: \(SampleOrder().bucketName))")
    var bucket: [String] = []

    @Option(help: "The rule's name. Repeat it, and they take turns. (default: \(SampleOrder().ruleName))")
    var rule: [String] = []

    @Flag(help: "Make up what is not given: names, types, sizes, buckets and rules of a bucket in use.")
    var mixed = false

    @Option(parsing: .unconditional, help: "The number of events in a notification, 1 to 50.")
    var batch = 1

    @Option(parsing: .unconditional, help: "How many notifications to send.")
    var count = 1

    @Option(parsing: .unconditional, help: "How many to send a second; without it each waits for the answer before.")
    var rate: Double?

    @Flag(name: .customLong("bad-signature"), help: "Sign wrongly.")
    var hasBadSignature = false

    @Option(
        name: .customLong("bad-every"), parsing: .unconditional,
        help: ArgumentHelp("Sign each Nth notification wrongly, and the others rightly.", valueName: "n"))
    var badEvery: Int?

    @Flag(name: .customLong("no-signature"), help: "Leave the signature out.")
    var hasNoSignature = false

    func validate() throws {
        let given = [
            hasBadSignature ? "--bad-signature" : nil, hasNoSignature ? "--no-signature" : nil,
            badEvery.map { _ in "--bad-every" },
        ].compactMap(\.self)
        if given.count > 1 {
            throw ValidationError("\(given.joined(separator: " and ")) exclude each other: give one of them")
        }
        if let badEvery, badEvery < 1 { throw ValidationError("--bad-every \(badEvery): write 1 or more") }
        if !(1...50).contains(batch) { throw ValidationError("--batch \(batch): B2 sends 1 to 50 events at once") }
        if count < 1 { throw ValidationError("--count \(count): write 1 or more") }
        if let rate, !(0.001...100_000).contains(rate) {
            throw ValidationError("--rate \(rate): write a number of notifications a second, 0.001 to 100000")
        }
        if namesFile != nil, !object.isEmpty {
            throw ValidationError("--names and --object exclude each other: give one of them")
        }
        do throws(WebhookURLError) { _ = try WebhookURL(url) } catch { throw ValidationError("\(error)") }
        _ = try sizes
        _ = try types
    }

    private var types: [EventType] {
        get throws {
            try type.map { word in
                do throws(SampleTypeError) { return try SampleType.parse(word) } catch {
                    throw ValidationError("--type: \(error)")
                }
            }
        }
    }

    private var sizes: [ClosedRange<Int64>] {
        get throws {
            try size.map { text in
                let ends = text.split(separator: "..", omittingEmptySubsequences: false).map {
                    ByteCount.count(String($0))
                }
                switch (ends.first ?? nil, ends.last ?? nil, ends.count) {
                case (let low?, _, 1): return low...low
                case (let low?, let high?, 2) where low <= high: return low...high
                default:
                    throw ValidationError(
                        "--size \(text): write a number of bytes, such as 512, 64KiB or 10MB, or a range such as 1KB..10MB"
                    )
                }
            }
        }
    }

    func run() throws {
        let failures = Handoff<Int>()
        Task {
            do {
                failures.complete(.success(try await send()))
            } catch {
                failures.complete(.failure(error))
            }
        }
        if try failures.wait() > 0 { throw ExitStatus.failed }
    }

    /// - Returns: The number of notifications that were not answered with 200.
    private func send() async throws -> Int {
        let diagnostics = Diagnostics()
        let secret = try StartFailure.explained(by: diagnostics) { try self.secret(diagnostics) }
        var series = SampleSeries()
        series.types = try types
        series.names = try StartFailure.explained(by: diagnostics) {
            try namesFile.map { try NameList(file: $0).names } ?? object
        }
        series.sizes = try sizes
        series.buckets = bucket
        series.rules = rule
        series.batch = batch
        series.isMixed = mixed

        var generator = SystemRandomNumberGenerator()
        let authorities = try StartFailure.explained(by: diagnostics) {
            try ProcessEnvironment.authorities(self.authorities.caFile)
        }
        let sender = NotificationSender(
            rules: ConnectionRules(authorities: authorities),
            proxies: ProxyRules(environment: ProcessInfo.processInfo.environment))
        let output = ByteOutput(descriptor: STDOUT_FILENO)
        var failures = 0
        await sender.send(
            count: count, rate: rate, to: try WebhookURL(url),
            make: { number in
                let orders = series.orders(of: number, using: &generator)
                return SignedSample(
                    SampleNotification(orders, at: .now, using: &generator), signature(of: number, secret),
                    using: &generator)
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

    /// Returns the secret to sign with, if there is one.
    private func secret(_ diagnostics: Diagnostics) throws -> SigningSecret? {
        var sources = ProcessEnvironment.secretSources(files: [])
        if let secretFile {
            sources = SecretSources(files: [try SecretFile(argument: secretFile)])
        } else {
            sources.credentials = nil
            sources.remembered = nil
        }
        let loaded = try sources.load().first
        for note in loaded?.notes ?? [] { diagnostics.say(note, .warning) }
        return loaded?.secret
    }

    /// Returns how the notification of this number, from 0, is signed.
    private func signature(of number: Int, _ secret: SigningSecret?) -> SampleSignature {
        if hasNoSignature { return .none }
        if hasBadSignature || badEvery.map({ (number + 1) % $0 == 0 }) ?? false { return .wrong(secret) }
        return secret.map(SampleSignature.signed) ?? .none
    }

    /// Returns the line about an answer. The answer is text from outside, so it is escaped.
    private static func line(_ answer: SentAnswer) -> [UInt8] {
        let text = SafeText(utf8: answer.body).string
        return Array("\(answer.status) \(text)  \(answer.duration.inMilliseconds)\n".utf8)
    }
}

/// The names of objects in a file, one on a line.
private struct NameList {
    /// More would be a mistake: a million of B2's longest names fit.
    private static let most = 1 << 30

    let names: [String]

    /// Reads the file; empty lines do not count.
    ///
    /// - Parameter file: Its path; `-` is standard input.
    /// - Throws: `NameListError`.
    init(file: String) throws {
        let handle: FileHandle
        do {
            handle = file == "-" ? .standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
        } catch {
            throw NameListError(file: file, problem: "cannot be read: \(error.localizedDescription)")
        }
        let bytes = try handle.read(upToCount: Self.most) ?? Data()
        names = try bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().compactMap {
            index, line in
            let line = line.last == 0x0D ? line.dropLast() : line
            guard let name = String(validating: line, as: UTF8.self) else {
                throw NameListError(file: file, problem: "line \(index + 1) is not UTF-8")
            }
            // B2's limit: https://www.backblaze.com/docs/cloud-storage-files
            guard name.utf8.count <= 1_024 else {
                throw NameListError(
                    file: file, problem: "line \(index + 1) is longer than the 1,024 bytes of a B2 name")
            }
            return name.isEmpty ? nil : name
        }
        if names.isEmpty { throw NameListError(file: file, problem: "has no name in it: write one on each line") }
    }
}

/// The reason why names cannot be read, in a sentence.
private struct NameListError: Error, CustomStringConvertible {
    let file: String
    let problem: String
    var description: String { "--names \(file): \(problem)" }
}
