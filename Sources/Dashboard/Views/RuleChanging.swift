import Base
import History
import Receiving
import Terminal

// The changes of the account's rules and the comparisons of its buckets that a user starts in `5 Rules`. Each change is
// planned first, which changes nothing, then shown field by field with a question, and made only after a yes.

extension DashboardModel {
    /// The text of the question whether to change a rule; its page shows the difference.
    static func question(_ change: RuleChange, _ plan: RulePlan, answers: String) -> String {
        let rule = "the rule \(change.rule) of \(change.bucket)"
        let what =
            switch change.kind {
            case .saveSecret: "Save the secret of \(rule)"
            case .enable: "Enable \(rule)"
            case .disable: "Disable \(rule)"
            case .pointHere: "Point \(rule) here"
            case .edit: "Change \(rule)"
            case .create: "Create \(rule)"
            case .delete: "Delete \(rule)"
            }
        return "\(what) as shown, \(plan.key)? \(answers)"
    }

    // MARK: - Changes

    /// Plans a change of the selected rule.
    mutating func plan(_ kind: RuleChange.Kind) {
        guard let row = selectedRule else { return }
        session.tell("Reading the rule…", .secondary)
        plan(RuleChange(kind, row.rule, of: row.bucket))
    }

    /// Plans a change. If the form asks for it, the form waits for the answer.
    mutating func plan(_ change: RuleChange) {
        let since = session.now
        let isOfForm = self[RuleForm.self] != nil
        ask("rule plan", on: .account) { outside, _ in
            try outside.ask(PlanRuleChange(change))
        } then: { model, result in
            // A form that was left asks for nothing any more.
            if isOfForm, model[RuleForm.self]?.isWaiting != true { return }
            switch result {
            case .success(let plan) where plan.differences.isEmpty:
                model.refuseRule("The rule \(SafeText(cell: change.rule)) is so already: nothing was changed.", .notice)
            case .success(let plan):
                model.session.dropNotices()
                let form = model[RuleForm.self]
                model.change(RulesScreen.self) { tab, _ in tab.heldForm = form }
                model[RuleForm.self] = nil
                model.page = TextPage(.plan(change), content: .plan(change, plan))
                model.pose(.changeRule(change, plan), since: since)
            case .failure(let failure): model.refuseRule("\(failure.sentence)", .bad)
            }
        }
    }

    /// Shows in the form, or else as a notice, why nothing is changed.
    private mutating func refuseRule(_ sentence: SafeText, _ role: Role) {
        if self[RuleForm.self] != nil {
            self[RuleForm.self]?.failed(sentence, role)
        } else {
            session.tell(sentence, role)
        }
    }

    /// Whether the question whether to change a rule is open, or waits for another one.
    var asksAboutRule: Bool { [question, waitingQuestion].contains { $0?.isAboutRule == true } }

    /// Makes a change that the user has confirmed.
    mutating func makeChange(_ change: RuleChange, _ plan: RulePlan) {
        page = nil
        session.tell("Changing the rule…", .secondary)
        ask("rule change", on: .account) { outside, _ in
            try outside.ask(MakeRuleChange(change, as: plan))
        } then: { model, result in
            model.change(RulesScreen.self) { tab, _ in
                tab.readAgain()
                if case .success = result { tab.heldForm = nil }
            }
            switch result {
            case .success(let sentence):
                let text = sentence.prefix(1).uppercased() + sentence.dropFirst()
                model.session.tell("\(text).", .good)
            case .failure(let failure):
                model.session.tell("\(failure.sentence)", .bad)
                model.reopenForm()
            }
        }
    }

    /// Opens the form of a change again that was not made.
    mutating func reopenForm() {
        guard var form = tab(RulesScreen.self).heldForm else { return }
        change(RulesScreen.self) { tab, _ in tab.heldForm = nil }
        guard view == MainView(rawValue: RulesScreen.facts.number) else { return }
        form.goOn()
        self[RuleForm.self] = form
    }

    // MARK: - The form

    mutating func editRule() {
        guard let row = selectedRule, let rule = row.account else { return }
        open(RuleForm(editing: rule))
    }

    mutating func createRule() {
        let reading = tab(RulesScreen.self).reading
        let bucket = selectedRule?.bucket ?? reading?.buckets.first ?? ""
        open(RuleForm(creatingIn: bucket, target: reading?.publicURL ?? ""))
    }

    mutating func submitRule() {
        guard let change = self[RuleForm.self]?.submit() else { return }
        plan(change)
    }

    // MARK: - Comparing

    private static let comparison = "comparison"

    /// The news of a comparison.
    enum ComparisonNews: Sendable {
        case running(ComparisonState)
        case ended(ComparisonReport)
    }

    /// Compares the bucket of the selected row with the record.
    mutating func compareBucket() {
        guard let bucket = selectedRule?.bucket else { return }
        if session.comparing != nil {
            session.tell(
                "A bucket is being compared already: \(bindings.name(of: .cancelJudging)) cancels that.", .notice)
            return
        }
        session.comparing = progress(of: ComparisonState(), bucket)
        ask(Self.comparison, on: .comparing) { (outside, asking: Asking<ComparisonNews>) in
            var last = -1
            return .ended(
                try outside.compare(bucket) { state in
                    if state.number != last { asking.report(.running(state)) }
                    last = state.number
                    return !asking.isCancelled
                })
        } then: { model, result in
            if case .success(.running(let state)) = result {
                model.session.comparing = model.progress(of: state, bucket)
                return
            }
            model.session.comparing = nil
            switch result {
            case .success(.ended(let report)): model.show(report, of: bucket)
            case .success(.running): break
            case .failure(let failure): model.session.tell("\(failure.sentence)", .bad)
            }
        }
    }

    /// Cancels the comparison, after the page that is being read.
    mutating func cancelComparing() { context.questions.cancel(Self.comparison) }

    private mutating func show(_ report: ComparisonReport, of bucket: String) {
        guard !report.isCancelled else {
            session.tell("The comparison of \(SafeText(cell: bucket)) was cancelled.", .notice)
            return
        }
        change(RulesScreen.self) { tab, _ in
            tab.reports[bucket] = report
            tab.readAgain()
        }
        let isHere = view == MainView(rawValue: RulesScreen.facts.number) && overlays.innermost == nil
        if isHere {
            page = TextPage(.comparison(bucket), content: .comparison(bucket, report))
        } else {
            session.announce("\(report.lines.first ?? bucket)")
        }
    }

    /// Returns the progress line of a comparison, with a bar where the number of versions is known from the last time.
    private func progress(of state: ComparisonState, _ bucket: String) -> SafeText {
        let cells = 20
        let read = Wording.count(state.versions, "version", "versions")
        var text: SafeText = "Comparing \(SafeText(cell: bucket).clipped(to: 40)) "
        if let expected = state.expected, expected > 0 {
            let share = min(100, Wording.percent(state.versions, of: expected))
            let full = cells * share / 100
            text +=
                "\(String(repeating: "█", count: full))\(String(repeating: "░", count: cells - full)) \(share) %, \(read) of"
                + " about \(Wording.grouped(expected))"
        } else {
            text += "… \(read)"
        }
        let calls = Wording.count(state.calls, "class C call", "class C calls")
        return text + ", \(calls). \(bindings.name(of: .cancelJudging)) cancels"
    }
}

extension Question {
    /// Whether it asks about a change of a rule.
    var isAboutRule: Bool {
        if case .changeRule = self { true } else { false }
    }
}
