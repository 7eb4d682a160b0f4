internal import Base
internal import Foundation
internal import History
internal import Notifications
internal import Sending
internal import Settings

/// Runs a program for each event: by no shell, with the event on its standard input and in variables.
struct CommandAction: Action {
    private static let standardLimit = Duration.seconds(60)
    static let longestLimit = Duration.seconds(3_600)
    /// The status by which a program asks to be tried again: EX_TEMPFAIL of sysexits.h.
    static let tryAgain: Int32 = 75

    let name: String
    let words: [String]
    let environment: CommandEnvironment
    let folder: String
    let limit: Duration
    let now: @Sendable () -> Timestamp
    private let running = ProgramStop()

    var summary: String { "runs \(words.joined(separator: " "))" }

    var manner: ActionManner { ActionManner() }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        var report = ActionReport([])
        for item in items {
            let (outcome, exchange) = perform(item)
            report.outcomes.append(outcome)
            report.exchange = exchange ?? report.exchange
        }
        return report
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] {
        try Array(
            items.map { item in
                let program = try program(item)
                return text(of: program)
            }.joined(separator: Array("\n".utf8)))
    }

    func test(_ item: ActionItem) throws -> String {
        let program = try program(item)
        do throws(ProgramProblem) {
            try program.checkFolder()
            let path = try program.path()
            try program.checkInterpreter(of: path)
            return "\(path) is there and may be run, in \(folder). It was not run."
        } catch {
            throw ActionProblem(advice(error))
        }
    }

    func stop() {
        running.stop()
    }

    private func perform(_ item: ActionItem) -> (ActionOutcome, OutboxExchange?) {
        let program: ExternalProgram
        do throws(CommandValueTooLong) {
            program = try self.program(item)
        } catch {
            return (.dead(error.description), nil)
        }
        let start = now()
        var outcome = program.run(until: running)
        for secret in environment.secrets {
            outcome.output = outcome.output.replacing(Array(secret.utf8), with: MaskedRequest.mask.utf8)
        }
        let exchange = OutboxExchange(
            startedAt: start, duration: Int(outcome.duration / .microseconds(1)), request: text(of: program),
            outcome: words(outcome.end), answer: outcome.output, isCut: outcome.isCut)
        return (classify(outcome), exchange)
    }

    private func program(_ item: ActionItem) throws(CommandValueTooLong) -> ExternalProgram {
        let event = try CommandVariable.values(item)
        return ExternalProgram(
            words, environment: environment.variables.merging(event) { $1 }, folder: folder,
            input: ItemJSON.line(item, action: name), limit: limit, longestOutput: OutboxExchange.longest)
    }

    /// Returns the meaning of a program's end for the event.
    private func classify(_ outcome: ProgramOutcome) -> ActionOutcome {
        let detail = lastLine(outcome.output).map { ": \($0)" } ?? ""
        let program = words[0]
        return switch outcome.end {
        case .exited(0): .done
        case .exited(Self.tryAgain): .retry("\(program) asks to be tried again (status 75)\(detail)")
        case .exited(126):
            .hold("\(program) ended with status 126: something it names may not be run; see its output\(detail)")
        case .exited(127):
            .hold("\(program) ended with status 127: something it names is missing; see its output\(detail)")
        case .exited(let status): .retry("\(program) ended with status \(status)\(detail)")
        case .signalled(let signal): .retry("\(program) was ended by signal \(signal)\(detail)")
        case .overdue: .retry("\(program) was ended: it ran for more than \(limit.components.seconds) s")
        case .stopped: .retry("\(program) was ended because b2watch ended", after: .zero)
        case .notRun(let problem) where problem.isPassing: .retry(advice(problem), scope: .action)
        case .notRun(let problem): .hold(advice(problem))
        }
    }

    private func words(_ end: ProgramOutcome.End) -> String {
        switch end {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "ended by signal \(signal)"
        case .overdue: "ended after \(limit.components.seconds) s"
        case .stopped: "stopped"
        case .notRun: "not run"
        }
    }

    /// Returns advice about a program that cannot be run.
    private func advice(_ problem: ProgramProblem) -> String {
        let program = words[0]
        switch (problem.subject, problem.code) {
        case (.folder, ENOENT): return "the folder \(folder) is missing: make it, or set “folder”"
        case (.folder, _): return "the folder \(folder) cannot be used (\(problem)): see to its rights, or set “folder”"
        case (.interpreter, _):
            return "\(program) cannot be run: what its first line names is missing, or may not be run; correct the line"
                + " behind #!"
        case (.carriageReturn, _):
            return
                "\(program) cannot be run: its first line ends with a carriage return, as on Windows; convert its line"
                + " ends, as by sed -i 's/\\r$//'"
        case (.byteOrderMark, _):
            return "\(program) cannot be run: a byte-order mark precedes its #!; save it as UTF-8 without one"
        case (.program, ENOENT) where program.contains("/"):
            return "\(program) is missing: put it there, or correct “run”"
        case (.program, ENOENT):
            let path = environment.variables["PATH"] ?? "/usr/bin:/bin"
            return "\(program) is in no folder of PATH (\(path)): write its whole path in “run”"
        case (.program, EACCES): return "\(program) may not be run: make it executable with chmod +x"
        case (.program, EISDIR): return "\(program) is a folder: name a program in “run”"
        case (.program, ENOEXEC):
            return "\(program) is not a program that this system can run: a script needs a first line such as #!/bin/sh"
        default: return "\(program) cannot be run: \(problem)"
        }
    }

    /// Returns the last line that is not blank, because that is where programs complain.
    private func lastLine(_ output: [UInt8]) -> String? {
        let blanks: Set<UInt8> = [0x0a, 0x0d, 0x20, 0x09]
        guard let end = output.lastIndex(where: { !blanks.contains($0) }) else { return nil }
        let line = output[...end].split(separator: 0x0a).last ?? []
        return SafeText(utf8: line.prefix(1_000)).clipped(to: 200).string
    }
}

extension CommandAction {
    /// Returns a program as readable text without secrets: its words, its folder, its variables, and its input.
    private func text(of program: ExternalProgram) -> [UInt8] {
        var json = JSONWriter()
        json.syntax("[")
        for (index, word) in program.words.enumerated() {
            if index > 0 { json.syntax(", ") }
            json.string(word)
        }
        json.syntax("]")
        var lines = ["run: \(String(decoding: json.bytes, as: UTF8.self))", "folder: \(SafeText(folder))", ""]
        for (name, value) in program.environment.sorted(by: { $0.key < $1.key }) {
            let isMasked = environment.variables[name] != nil && CommandEnvironment.isSecret(name)
            lines.append("\(name)=\(isMasked ? MaskedRequest.mask : SafeText(value).string)")
        }
        return Array((lines.joined(separator: "\n") + "\n\n").utf8) + program.input
    }
}

// MARK: - Settings

extension ActionKind {
    /// Runs a program for each event.
    static let command = ActionKind("command") { reading, surroundings in CommandAction(&reading, surroundings) }
}

extension CommandAction {
    /// Reads the settings.
    ///
    /// - Returns: Nil if a problem was found.
    init?(_ reading: inout ActionReading, _ surroundings: ActionSurroundings) {
        let count = reading.problems.count
        let words = Self.words(&reading)
        let names = reading.texts("environment", expected: "a list of names of variables, such as [PATH, HOME]")
        for name in names ?? [] {
            guard let problem = CommandEnvironment.problem(name.value) else { continue }
            let shown = name.value.count > 40 ? name.value.prefix(40) + "…" : name.value
            reading.problem("“\(shown)” in “environment” of “\(reading.name)” \(problem)", at: name.position)
        }
        let folder = reading.path("folder", expected: "the path of a folder", isRequired: false)
        let limit = reading.duration("time-limit", atMost: Self.longestLimit) ?? Self.standardLimit
        guard reading.problems.count == count, let words else { return nil }
        self.init(
            name: reading.name, words: words,
            environment: CommandEnvironment(
                names?.map(\.value) ?? CommandEnvironment.standard, of: surroundings.environment),
            folder: folder?.value ?? surroundings.home ?? "/", limit: limit, now: surroundings.now)
    }

    /// Returns the program and its arguments.
    private static func words(_ reading: inout ActionReading) -> [String]? {
        let expected = "a list: a program and its arguments, such as [notify-send, --urgency=low]"
        guard let node = reading.remove("run") else {
            reading.problem("“\(reading.name)” needs “run”: \(expected)", at: reading.position)
            return nil
        }
        var items = [node]
        var isList = false
        if case .list(let list) = node.content { (items, isList) = (list, true) }
        var words: [String] = []
        for item in items {
            guard case .scalar(let text, _) = item.content, !text.contains("\0"), isList || !item.isEmpty else {
                reading.refuse(item, "run", expected: expected)
                return nil
            }
            guard !text.contains("{{") else {
                reading.problem(
                    "“run” of “\(reading.name)” has a placeholder: the words are given as they are, and the program is"
                        + " given the event on its standard input and in variables such as B2WATCH_EVENT_OBJECT",
                    at: item.position)
                return nil
            }
            words.append(text)
        }
        if !isList, words[0].contains(where: \.isWhitespace) {
            reading.problem(
                "“run” of “\(reading.name)” is a line for a shell, and none reads it: write \(expected)",
                at: node.position)
            return nil
        }
        guard let first = words.first, !first.isEmpty else {
            reading.problem("“run” of “\(reading.name)” names no program; expected is \(expected)", at: node.position)
            return nil
        }
        if first.contains("/") { words[0] = reading.absolute(first) }
        return words
    }
}

// MARK: - The environment

/// The variables of b2watch's own environment that a program receives.
struct CommandEnvironment: Sendable, Hashable {
    /// The variables that are passed by default.
    static let standard = ["PATH", "HOME", "USER", "LANG", "LC_*", "TZ"]

    /// The names and their values.
    private(set) var variables: [String: String] = [:]

    /// - Parameters:
    ///   - names: Names; with `*` at its end, all that begin so.
    ///   - process: The environment of b2watch.
    init(_ names: [String], of process: [String: String]) {
        for name in names {
            if name.hasSuffix("*") {
                let start = name.dropLast()
                variables.merge(process.filter { $0.key.hasPrefix(start) && !Self.isForbidden($0.key) }) { $1 }
            } else if let value = process[name], !Self.isForbidden(name) {
                variables[name] = value
            }
        }
        variables = variables.filter { Self.isName($0.key) }
    }

    /// Returns the problem of a name in the list; nil if it is allowed.
    static func problem(_ name: String) -> String? {
        let start = name.hasSuffix("*") ? String(name.dropLast()) : name
        guard isName(start) else {
            return "is not the name of a variable: write names such as PATH, or LC_* for all that begin so"
        }
        guard !isForbidden(start), !forbidden.contains(where: { name.hasSuffix("*") && $0.hasPrefix(start) }) else {
            return "is not passed to a program: b2watch's own variables and B2's keys stay with b2watch"
        }
        return nil
    }

    /// Returns whether a variable of this name has a secret value.
    static func isSecret(_ name: String) -> Bool {
        let name = name.uppercased()
        return ["KEY", "SECRET", "TOKEN", "PASS", "CREDENTIAL", "AUTH"].contains { name.contains($0) }
    }

    /// The secret values. Short ones are left out, because masking them would hide half of the other output.
    var secrets: [String] {
        variables.filter { Self.isSecret($0.key) && $0.value.utf8.count >= 6 }.map(\.value).sorted {
            ($0.utf8.count, $0) > ($1.utf8.count, $1)
        }
    }

    private static let forbidden = ["B2WATCH_", "B2_APPLICATION_KEY"]

    private static func isForbidden(_ name: String) -> Bool {
        forbidden.contains { name.hasPrefix($0) }
    }

    private static func isName(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
    }
}

// MARK: - Variables

/// A variable with a value of the event for a program.
public struct CommandVariable: Sendable {
    /// Such as `B2WATCH_EVENT_OBJECT`.
    public let name: String
    let value: @Sendable (ActionItem) -> String

    /// The longest value that a program is given, in bytes. The system takes four times as much.
    static let longest = 32_768

    private init(_ name: String, value: @escaping @Sendable (ActionItem) -> String) {
        self.name = "B2WATCH_EVENT_" + name
        self.value = value
    }

    /// All that there are. Each is always set; one that the event has no value for is empty.
    public static let all: [CommandVariable] = [
        CommandVariable("TYPE") { $0.row.eventType.text },
        CommandVariable("OBJECT") { $0.row.objectName.text },
        CommandVariable("SIZE") { $0.row.objectSize.text },
        CommandVariable("VERSION") { $0.row.objectVersionId.text },
        CommandVariable("BUCKET") { $0.row.bucketName.text },
        CommandVariable("BUCKET_ID") { $0.event?.bucketId.text ?? "" },
        CommandVariable("ACCOUNT") { $0.event?.accountId.text ?? "" },
        CommandVariable("RULE") { $0.row.matchedRuleName.text },
        CommandVariable("ID") { $0.row.eventId.text },
        CommandVariable("TIMESTAMP") { $0.row.eventTimestamp.text },
        CommandVariable("TIME") {
            $0.row.eventTimestamp.integer.map { Timestamp(milliseconds: $0).rfc3339 } ?? ""
        },
        CommandVariable("RECEIVED") { $0.row.receivedAt.rfc3339 },
        CommandVariable("VERDICT") { $0.row.verdict.word },
        CommandVariable("DELIVERY") { String($0.row.deliveryID) },
        CommandVariable("FROM") { $0.record.delivery.remoteAddress },
        CommandVariable("ATTEMPT") { String($0.attempt) },
    ]

    /// Returns the values for an event, raw except for zero bytes, which variables cannot contain.
    ///
    /// - Throws: `CommandValueTooLong`, because part of a name is another name.
    static func values(_ item: ActionItem) throws(CommandValueTooLong) -> [String: String] {
        var values: [String: String] = [:]
        for variable in all {
            let value = variable.value(item).replacing("\0", with: "")
            guard value.utf8.count <= longest else {
                throw CommandValueTooLong(variable: variable.name, length: value.utf8.count)
            }
            values[variable.name] = value
        }
        return values
    }
}

/// A value of an event that is too long for a variable.
struct CommandValueTooLong: Error, CustomStringConvertible {
    let variable: String
    let length: Int

    var description: String {
        "not run: what would be \(variable) is \(length) bytes long, and at most \(CommandVariable.longest) are given"
    }
}

// MARK: - Standard input

/// An event as a program receives it on its standard input: one line of JSON.
///
/// Its keys are those of `listen --format json`, for a single event: `event` is B2's own JSON of it, with every value as
/// it was received. Header fields and the body's other events are left out.
enum ItemJSON {
    /// Returns the line in UTF-8, with its newline. Control, bidi and invisible characters are escaped as `\u`.
    static func line(_ item: ActionItem, action: String) -> [UInt8] {
        let (row, record) = (item.row, item.record)
        let delivery = record.delivery
        var json = JSONWriter()
        json.syntax("{\"action\":")
        json.string(action)
        json.syntax(",\"attempt\":")
        json.integer(item.attempt)
        json.syntax(",")
        DeliveryJSON.appendOrigin(of: record, to: &json)
        json.syntax(",\"signature\":")
        json.string(row.verdict.word)
        json.syntax(",\"secret\":")
        json.string(row.verdict.isBySecret ? row.secret : nil)
        json.syntax(",\"status\":")
        json.integer(record.status)
        json.syntax(",\"duplicate\":")
        json.boolean(row.isDuplicate)
        json.syntax(",\"position\":")
        if let position = row.position { json.integer(position + 1) } else { json.syntax("null") }
        json.syntax(",\"events\":")
        json.integer(row.eventCount)
        json.syntax(",\"event\":")
        if let event = item.event, delivery.body.indices.contains(event.range) {
            json.compact(delivery.body[event.range])
        } else {
            json.syntax("null")
        }
        json.syntax("}\n")
        return json.bytes
    }
}

extension Range<Int> {
    fileprivate func contains(_ other: Range<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound && !other.isEmpty
    }
}
