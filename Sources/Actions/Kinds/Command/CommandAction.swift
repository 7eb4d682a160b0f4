internal import Foundation
internal import History
internal import Notifications
internal import Outgoing
internal import Programs
internal import SafeText

/// Runs a program for each event: by no shell, with the event on its standard input and in variables.
struct CommandAction: Action {
    static let standardLimit = Duration.seconds(60)
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

    init(
        name: String, words: [String], environment: CommandEnvironment, folder: String, limit: Duration,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.name = name
        self.words = words
        self.environment = environment
        self.folder = folder
        self.limit = limit
        self.now = now
    }

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
        let program: Program
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
        return (judgement(outcome), exchange)
    }

    private func program(_ item: ActionItem) throws(CommandValueTooLong) -> Program {
        let event = try CommandVariable.values(item)
        return Program(
            words, environment: environment.variables.merging(event) { $1 }, folder: folder,
            input: ItemJSON.line(item, action: name), limit: limit, longestOutput: OutboxExchange.longest)
    }

    /// What its end means for the event.
    private func judgement(_ outcome: ProgramOutcome) -> ActionOutcome {
        let said = lastLine(outcome.output).map { ": \($0)" } ?? ""
        let program = words[0]
        return switch outcome.end {
        case .exited(0): .done
        case .exited(Self.tryAgain): .retry("\(program) asks to be tried again (status 75)\(said)")
        case .exited(126):
            .hold("\(program) ended with status 126: something it names may not be run; see its output\(said)")
        case .exited(127):
            .hold("\(program) ended with status 127: something it names is missing; see its output\(said)")
        case .exited(let status): .retry("\(program) ended with status \(status)\(said)")
        case .signalled(let signal): .retry("\(program) was ended by signal \(signal)\(said)")
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

    /// What to do about a program that cannot be run.
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
            return "\(program) cannot be run: a byte-order mark stands before its #!; save it as UTF-8 without one"
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

    /// The last line that says something: that is where programs complain.
    private func lastLine(_ output: [UInt8]) -> String? {
        let blanks: Set<UInt8> = [0x0a, 0x0d, 0x20, 0x09]
        guard let end = output.lastIndex(where: { !blanks.contains($0) }) else { return nil }
        let line = output[...end].split(separator: 0x0a).last ?? []
        return SafeText(utf8: line.prefix(1_000)).clipped(to: 200).string
    }
}

extension CommandAction {
    /// A program as text to read, without secrets: its words, its folder, its variables, and what it reads.
    private func text(of program: Program) -> [UInt8] {
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
