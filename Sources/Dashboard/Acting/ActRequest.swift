import Export
import History

/// Something to be done for rows of the history, one or any number of them.
struct ActRequest: Sendable, Hashable {
    enum Deed: Sendable, Hashable {
        /// Runs the action of this name, whatever its filter.
        case run(String)
        /// Lets the action's entries of the rows be tried again.
        case retry(String)
        /// Decides that the action's entries of the rows are not to be done.
        case skip(String)
        /// Sends the rows' deliveries again; nil to the listener itself.
        case replay(to: String?)
    }

    var deed: Deed
    var rows: ActedRows
    /// Whether it is only counted what it would come to, so that a person can be asked.
    var isCount: Bool
    /// What comes of an older request is dropped.
    var generation: Int
}

/// What a request would come to.
struct ActCount: Sendable, Hashable {
    var events = 0
    var deliveries = 0
    /// Events whose signature is not valid.
    var notValid = 0
    /// The action's entries of the rows, by their state.
    var states: [EntryState: Int] = [:]

    func count(where holds: (EntryState) -> Bool) -> Int {
        states.reduce(0) { holds($1.key) ? $0 + $1.value : $0 }
    }
}

/// What has come of a request so far.
struct ActReport: Sendable, Hashable {
    /// Rows, or deliveries, that were gone through.
    var passed = 0
    var addition = Outbox.Addition()
    /// Entries that were let be tried again, or skipped.
    var changed = 0
    var replay = ReplayCount()
}

/// What became of a request.
enum ActOutcome: Sendable, Hashable {
    case counted(ActCount)
    case done(ActReport)
    case cancelled(ActReport)
}

extension ActRequest {
    /// What is asked before it is done.
    func question(_ count: ActCount, answers: String) -> String {
        switch deed {
        case .run(let action):
            let done = count.states[.done] ?? 0
            let stay = done == 1 ? "stays" : "stay"
            let stays = done == 0 ? "" : " \(Wording.count(done, "is", "are")) done already and \(stay)."
            let others = Wording.count(count.notValid, "of them has", "of them have")
            let notValid = count.notValid == 0 ? "" : " \(others) no valid signature."
            return
                "Run “\(action)” for \(Wording.count(count.events, "event", "events"))?\(notValid)\(stays) \(answers)"
        case .retry(let action):
            let number = count.count(where: \.canBeRetried)
            return "Retry “\(action)” for \(Wording.count(number, "event", "events"))?\(rest(number, count)) \(answers)"
        case .skip(let action):
            let number = count.count(where: \.canBeSkipped)
            return "Skip “\(action)” for \(Wording.count(number, "event", "events"))?\(rest(number, count)) \(answers)"
        case .replay(let url):
            let place = url.map { Masking.masked.target($0) } ?? "this listener"
            return "Replay \(Wording.count(count.deliveries, "delivery", "deliveries")) to \(place)? \(answers)"
        }
    }

    private func rest(_ number: Int, _ count: ActCount) -> String {
        let rest = count.events - number
        guard rest > 0 else { return "" }
        return " The other \(Wording.grouped(rest)) \(rest == 1 ? "stays as it is" : "stay as they are")."
    }

    /// Why there is nothing to ask; nil where there is something to do.
    func emptiness(_ count: ActCount) -> String? {
        switch deed {
        case .run where count.events == 0: "None of these rows has an event."
        case .retry(let action) where count.count(where: \.canBeRetried) == 0:
            "“\(action)” has nothing to try again for these."
        case .skip(let action) where count.count(where: \.canBeSkipped) == 0:
            "“\(action)” has nothing to skip for these."
        case .replay where count.deliveries == 0: "There is no delivery to replay."
        default: nil
        }
    }

    /// What has come of it, in a sentence.
    func sentence(_ report: ActReport) -> String {
        switch deed {
        case .run(let action):
            let addition = report.addition
            var parts: [String] = []
            if addition.added > 0 { parts.append("\(Wording.count(addition.added, "event", "events")) added") }
            if addition.again > 0 { parts.append("\(Wording.grouped(addition.again)) tried again") }
            if addition.there > 0 { parts.append("\(Wording.grouped(addition.there)) done or waiting already") }
            if addition.unfit > 0 { parts.append("\(Wording.grouped(addition.unfit)) without an event") }
            return "“\(action)”: \(parts.isEmpty ? "nothing to do" : parts.joined(separator: ", "))."
        case .retry(let action):
            return report.changed == 0
                ? "“\(action)” has nothing to try again for these."
                : "“\(action)”: \(Wording.count(report.changed, "entry is", "entries are")) tried again."
        case .skip(let action):
            return report.changed == 0
                ? "“\(action)” has nothing to skip for these."
                : "“\(action)”: \(Wording.count(report.changed, "entry is", "entries are")) skipped."
        case .replay: return report.replay.sentence
        }
    }

    /// What the line of its progress says.
    func progress(_ passed: Int, _ bindings: Bindings) -> String {
        let cancel = "\(bindings.name(of: .cancelJudging)) cancels"
        let what =
            switch deed {
            case _ where isCount: "Counting"
            case .run(let action): "Adding to “\(action)”"
            case .retry(let action): "Retrying “\(action)”"
            case .skip(let action): "Skipping “\(action)”"
            case .replay: "Replaying"
            }
        return passed == 0 ? "\(what)… \(cancel)" : "\(what): \(Wording.grouped(passed)) … \(cancel)"
    }
}
