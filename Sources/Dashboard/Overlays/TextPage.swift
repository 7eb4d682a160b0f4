import Base
import History
import Notifications
import Receiving
import Terminal

/// A page of text over the view: an entry with its request and answer, the text that an action would send, or something
/// about a rule.
struct TextPage: Overlay {
    static let layer = OverlayLayer.page

    enum Kind: Hashable {
        case entry(Int64)
        /// A dry run of the action with this name.
        case preview(String)
        /// All about the rule with this id.
        case rule(String)
        /// The difference that a change of a rule makes, below the question about it.
        case plan(RuleChange)
        /// The comparison of the bucket with this name.
        case comparison(String)
    }

    /// The content of the page.
    enum Content: Sendable, Hashable {
        case waiting
        case entry(OutboxRow, OutboxExchange?)
        case preview(DryRun)
        case rule(RuleRow)
        case plan(RuleChange, RulePlan)
        case comparison(String, ComparisonReport)
        /// A sentence about why there is nothing to show.
        case nothing(String)
    }

    let kind: Kind
    private(set) var content = Content.waiting
    private(set) var lines: [StyledLine] = []
    private(set) var pane = TextPane()

    /// The width and the zone that the lines were laid out for.
    private var laidOut: (columns: Int, isUTC: Bool)?
    private var known: Int64?

    init(_ kind: Kind, content: Content = .waiting) {
        self.kind = kind
        self.content = content
    }

    var context: BindingContext {
        if case .rule = kind { .rulePage } else { .page }
    }

    func isValid(_ model: DashboardModel) -> Bool {
        if case .plan = kind { model.asksAboutRule } else { true }
    }

    var tabTitle: String? {
        switch kind {
        case .entry(let id): "Entry \(id)"
        case .preview: "Dry run"
        case .rule: "Rule"
        case .plan: "Change"
        case .comparison: "Comparison"
        }
    }

    /// The entry on the page.
    var entry: OutboxEntry? {
        if case .entry(let row, _) = content { row.entry } else { nil }
    }

    /// Asks for the entry, if it may have changed.
    mutating func ask(_ context: inout Context) {
        let isWaiting = context.questions.isWaiting("entry", of: context.opening)
        guard case .entry(let id) = kind, known != context.session.shown.outbox, !isWaiting else { return }
        known = context.session.shown.outbox
        context.ask("entry", of: Self.self, on: .documents) { outside, _ in
            try outside.entry(id)
        } then: { page, _, result in
            switch result {
            case .success(let content): page.apply(content)
            case .failure(let failure): page.apply(.nothing("The entry could not be read: \(failure.sentence)"))
            }
        }
    }

    private mutating func apply(_ content: Content) {
        guard content != self.content else { return }
        self.content = content
        laidOut = nil
    }

    mutating func move(_ motion: Motion) { pane.move(motion) }

    mutating func scroll(by lines: Int, _ session: Session) { pane.scroll(by: lines) }

    mutating func settle(_ model: DashboardModel, _ layout: Layout) {
        let (size, clock, isUTC) = (layout.main.size, model.session.clock, model.session.showsUTC)
        let columns = max(8, size.columns - 3)
        if laidOut.map({ $0 != (columns, isUTC) }) ?? true {
            lines = PageLines(kind: kind, content: content, columns: columns, clock: clock).lines
            laidOut = (columns, isUTC)
        }
        pane.resize(count: lines.count, height: max(0, size.rows - 1))
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        pane.drawPage(lines, on: &surface)
        return nil
    }
}

extension DashboardModel {
    var page: TextPage? {
        get { self[TextPage.self] }
        set { self[TextPage.self] = newValue }
    }
}

extension BindingContext {
    /// The page of an entry or a dry run, over the view.
    static let page: BindingContext = .init(
        "page", title: "An entry, a dry run, a rule", with: [.views, .everywhere],
        about: "What was sent and answered, or would be sent", occasion: "on the page of an entry")
    /// The same page, of a rule: the commands of the selected rule work on it too.
    static let rulePage: BindingContext = .init(
        "page", title: "A rule", with: [.tab(MainView(rawValue: RulesScreen.facts.number)), .views, .everywhere],
        about: "What the record and the account have of a rule")
}

extension Command {
    /// The commands of a page: those that move, and for an entry those of its list.
    static let ofPage: [Command] =
        Motion.commands(in: .page) { $0.page?.move($1) } + [
            ActionsScreen.retryEntries.also(
                in: .page, "try the entry again", footer: ActionsScreen.retryEntries.footer,
                unavailable: ActionsScreen.retryEntries.unavailable),
            ActionsScreen.skipEntry.also(
                in: .page, "skip the entry, so that it never runs", footer: ActionsScreen.skipEntry.footer,
                unavailable: ActionsScreen.skipEntry.unavailable),
        ]
}

// MARK: - Lines

/// The content of a page, laid out for a width.
struct PageLines {
    let kind: TextPage.Kind
    let content: TextPage.Content
    let columns: Int
    let clock: WallClock

    var lines: [StyledLine] {
        switch content {
        case .waiting: [StyledLine("Reading…", Style(.secondary))]
        case .nothing(let sentence): Prose.lines(sentence, columns: columns, style: Style(.notice))
        case .preview(let run): preview(run)
        case .entry(let row, let exchange): entry(row, exchange)
        case .rule(let row): RulePages(columns: columns, clock: clock).details(row)
        case .plan(let change, let plan): RulePages(columns: columns, clock: clock).difference(change, plan)
        case .comparison(let bucket, let report):
            RulePages(columns: columns, clock: clock).comparison(bucket, report)
        }
    }

    private func preview(_ run: DryRun) -> [StyledLine] {
        var lines: [StyledLine] = []
        if case .preview(let action) = kind {
            lines += Prose.lines(run.words(action), columns: columns, style: Style(.heading)) + [StyledLine()]
        }
        return lines + Self.lines(of: run.text, columns)
    }

    private func entry(_ row: OutboxRow, _ exchange: OutboxExchange?) -> [StyledLine] {
        let entry = row.entry
        var fields = FieldList(columns: columns)
        fields.add("Action", "\(entry.action)")
        fields.add("Event", ActionsScreen.objectName(row.event), Style(.plain))
        fields.add("Delivery", PlainRow.number(row.event), Style(.secondary))
        fields.add("State", StyledLine("\(entry.state.glyph) \(entry.state.word)", entry.state.style))
        if let reason = entry.reason { fields.add("Why", prose: reason) }
        fields.add("Attempts", "\(Wording.grouped(entry.attempts))")
        if let next = entry.nextTry { fields.add("Next try", clock.text(next, hasFraction: true)) }
        fields.add("Added", clock.text(entry.addedAt, hasFraction: true), Style(.secondary))
        fields.add("Changed", clock.text(entry.changedAt, hasFraction: true), Style(.secondary))
        guard let exchange else {
            fields.add([StyledLine()] + Prose.lines(Self.unsent(entry), columns: columns, style: Style(.heading)))
            return fields.lines
        }
        fields.head("Request, its secrets masked")
        fields.add(
            "Sent", StyledLine(clock.text(exchange.startedAt, hasFraction: true)),
            note: "took \(Wording.duration(microseconds: exchange.duration))")
        fields.add(Self.lines(of: exchange.request, columns))
        fields.head("Answer")
        fields.add("Outcome", prose: exchange.outcome)
        fields.add(Self.lines(of: exchange.answer, columns))
        if exchange.isCut {
            fields.add([StyledLine("Only the first 64 KiB of the answer were kept.", Style(.notice))])
        }
        return fields.lines
    }

    /// Returns the reason why the page cannot show a request.
    private static func unsent(_ entry: OutboxEntry) -> String {
        switch entry.state {
        case .done:
            "b2watch ended without a word while it ran. It was found done afterwards; what was sent and answered is not known."
        case .running: "It is running now."
        default:
            entry.attempts == 0 ? "Nothing has been sent for it yet." : "The requests of its attempts are not stored."
        }
    }

    /// Returns the lines of a text.
    static func lines(of bytes: [UInt8], _ columns: Int) -> [StyledLine] {
        SafeText.lines(utf8: Array(bytes.prefix(OutboxExchange.longest))).flatMap {
            StyledLine($0).wrapped(to: columns)
        }
    }
}
