import Browsing
import History
import Notifications
import SafeText

extension PlainModel {
    /// How things stand.
    var statusLines: [SafeText] {
        let session = model.session
        var lines = [PlainState.sentence(session.listening)]
        if case .failing(let reason) = session.change.health { lines.append("Not recording. \(reason)") }
        let secrets = session.keyring.secrets.map(\.label).joined(separator: ", ")
        // Of a listener elsewhere nothing is known before it has answered.
        let isUnknown = session.absence != nil || session.isAttached && session.listening == .starting
        if !isUnknown || !secrets.isEmpty {
            lines.append(secrets.isEmpty ? "There is no secret." : "Secrets: \(secrets).")
        }
        let tally = session.change.tally
        let counts = SignatureVerdict.counted.filter { tally[$0] > 0 }.map {
            "\(Wording.grouped(tally[$0])) \($0.title)"
        }
        let events = Wording.count(tally.rows, "event", "events")
        let deliveries = Wording.count(tally.notifications, "delivery", "deliveries")
        lines.append(
            "\(events) recorded, in \(deliveries)\(counts.isEmpty ? "" : ": ")\(counts.joined(separator: ", ")).")
        if session.isInMemory { lines.append("The history is in memory only: it ends with b2watch.") }
        if session.answers.count > 0 {
            let (median, most) = (session.answers.median, session.answers.p99)
            lines.append(
                "Answers: half within \(Wording.duration(microseconds: median)), 99 percent within \(Wording.duration(microseconds: most))."
            )
        }
        lines.append(PlainState.zone(session))
        if let which = PlainState.listed(model.filter) { lines.append("Listed: " + which) }
        let order = session.viewState.preferences.order
        if order != .arrival { lines.append(PlainState.sentence(order)) }
        if model.frozen != nil { lines.append("Paused: new events are told after follow.") }
        if let warning = session.warning { lines.append("Warning: \(warning)") }
        if let exposure = PlainState.exposure(session) { lines.append(exposure) }
        return lines
    }

    mutating func tellSteps() {
        for (number, step) in Checklist.steps(model.session).enumerated() {
            say("\(number + 1), \(step.isDone ? "done" : "to do"): \(step.title)")
            for text in step.texts where !step.isDone {
                switch text {
                case .prose(let prose): say("\(prose)")
                case .command(let command): say("\(command)")
                }
            }
        }
    }

    mutating func help(_ arguments: PlainArguments) {
        let word = arguments.text.lowercased()
        if word.isEmpty {
            for word in PlainWord.all { say("\(word.help)") }
            say("Every command of the screen has a name too: help commands lists them.")
        } else if word == "commands" {
            for command in Command.allCases where PlainMeaning(of: command) == .same {
                say("\(command.name): \(Self.title(of: command) ?? "")")
            }
        } else if let known = PlainWord.named(word) {
            say("\(known.help)")
            if word == "filter" {
                FilterHelp.entries.forEach { say("\($0.syntax): \($0.meaning), such as \($0.example)") }
            }
        } else if let command = Command(name: word), let title = Self.title(of: command) {
            say("\(word): \(title)")
        } else {
            say("There is no command \(SafeText(word).clipped(to: 40)). help lists the commands.")
        }
    }

    private static func title(of command: Command) -> String? {
        BindingTable.all.first { $0.command == command }?.title
    }
}
