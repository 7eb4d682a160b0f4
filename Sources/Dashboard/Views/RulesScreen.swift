import Base
import History
import Notifications
import Receiving
import Terminal

/// A row of the list of rules, with whether its secret is saved.
struct RuleRow: WindowedRow {
    var count: RuleCount
    /// Whether a secret that verified events of the rule is saved; nil if no secret has verified any.
    var isSaved: Bool?

    var id: String { "\(count.bucket)\u{0}\(count.rule)" }
    var moment: Timestamp? { nil }
    var number: Int64 { 0 }
    var total: Int { count.events.values.reduce(0, +) }

    /// Returns the share of events with these verdicts, in percent.
    func share(_ verdicts: Set<SignatureVerdict>) -> Int {
        Wording.percent(verdicts.reduce(0) { $0 + (count.events[$1] ?? 0) }, of: total)
    }
}

/// The tab `5 Rules`: each bucket and rule in the received deliveries, with the number of events, the share of each
/// verdict, and whether its secret is saved.
///
/// Events are counted piece by piece as they arrive. All are counted again after verdicts have changed.
struct RulesScreen: Tab {
    static let facts = TabFacts(
        number: 5, word: "Rules", meaning: "the buckets and rules that deliveries name, and their verdicts",
        about: "The buckets and rules of the events, and their verdicts")

    static let commands: [Command] = [
        Command(
            "list-rule", .enter, in: .tab(MainView(rawValue: 5)), "list the events of the rule",
            footer: .narrow("list events"),
            unavailable: { $0.tab(RulesScreen.self).list.list.selectedRow == nil ? "No rule to list." : nil }
        ) { $0.listRule() }
    ]
    static let brief: [Command] = [
        commands[0], .editFilter, .search, .sortByNext, .showKeyring, .toggleUtc, .typeCommand, .close,
    ]

    /// The maximum number of rules, which prevents a sender that makes up new names from using up memory.
    private static let most = 1_000

    private(set) var list = FoundList(Self.columns, growth: .anew)
    private var rules: [String: RuleCount] = [:]
    private var rows: [RuleRow] = []
    /// The last row of the history that has been counted. The verdicts are those of `revision`.
    private var through: Int64 = 0
    private var revision: Int?
    private var isCounting = false
    private var keyring: KeyringSummary?
    /// A number that increases with every change of the rows.
    private var moves = 0

    var found: (any FoundListing)? {
        get { list }
        set { if let list = newValue as? FoundList<RuleRow> { self.list = list } }
    }

    func extent(_ change: HistoryChange) -> ListExtent { ListExtent(latest: nil, revision: moves) }

    mutating func ask(_ reading: TabReading, _ context: inout Context) {
        let change = context.session.shown
        if revision != change.revision, !isCounting { (rules, through, revision) = ([:], 0, change.revision) }
        if !isCounting, through < change.latestRow, context.session.frozen == nil || through == 0 {
            isCounting = true
            let (start, last) = (through, change.latestRow)
            context.ask("rules", of: Self.self, on: .rows) { outside, _ in
                try outside.rules(after: start, through: last)
            } then: { tab, context, result in
                tab.isCounting = false
                switch result {
                case .success(let stretch): tab.add(stretch)
                case .failure(let failure):
                    tab.through = context.session.shown.latestRow
                    context.session.tell("The rules could not be counted: \(failure.sentence)", .bad)
                }
            }
        }
        if keyring != context.session.keyring {
            keyring = context.session.keyring
            arrange()
        }
        let rows = rows
        for question in list.questions(extent(change), reading, at: context.session.now) {
            context.ask(question.slot, of: Self.self, on: .rows) { _, _ in
                Self.source(rows).answer(question)
            } then: { tab, context, result in
                if let answer = try? result.get() { _ = tab.list.apply(answer, tab.extent(context.session.shown)) }
            }
        }
    }

    private mutating func add(_ stretch: RuleStretch) {
        through = stretch.through
        for count in stretch.rules {
            let id = RuleRow(count: count).id
            if rules[id] != nil || rules.count < Self.most {
                rules[id, default: RuleCount(bucket: count.bucket, rule: count.rule, last: count.last)].add(count)
            }
        }
        arrange()
    }

    /// Arranges the rows by bucket and rule.
    private mutating func arrange() {
        let saved = Set((keyring?.secrets ?? []).filter(\.isRemembered).map(\.label))
        rows = rules.values.map { count in
            RuleRow(count: count, isSaved: count.secrets.isEmpty ? nil : !count.secrets.isDisjoint(with: saved))
        }.sorted { ($0.count.bucket, $0.count.rule) < ($1.count.bucket, $1.count.rule) }
        moves += 1
    }

    private static func source(_ rows: [RuleRow]) -> ListSource<RuleRow> {
        ListSource { request in
            guard !rows.isEmpty else { return ListWindow() }
            let anchor =
                switch request.anchor {
                case .newest: rows.count - 1
                case .oldest: 0
                case .row(let id): rows.lastIndex { $0.id <= id } ?? 0
                }
            let range = max(0, anchor - request.before)...min(rows.count - 1, anchor + request.after)
            return ListWindow(
                rows: Array(rows[range]), hasOlder: range.lowerBound > 0, hasNewer: range.upperBound < rows.count - 1)
        } keep: { predicate, rows in
            rows.filter { row in
                predicate.holds(at: row.count.last) { columns, pattern in
                    (columns.contains(.bucketName) && pattern(row.count.bucket))
                        || (columns.contains(.matchedRuleName) && pattern(row.count.rule))
                }
            }
        }
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let context = ListContext(model.session, order: list.order)
        var drawing = ListDrawing<RuleRow>(
            places: list.table.places(context, width: list.width(in: surface.size.columns)), context: context)
        drawing.extent = list.extent(extent(model.shown))
        list.table.draw(list.list, drawing, on: &surface)
        if list.isEmpty { model.drawNothing(isCounting ? "Counting…" : "No event yet.", row: 2, on: &surface) }
    }

    // MARK: - Columns

    /// The columns, from left to right. As the list narrows, OTHER is hidden first, then MISSING, UNVERIFIED and LAST
    /// EVENT.
    static let columns: [ListColumn<RuleRow>] = [
        ListColumn(
            name: "bucket", title: "BUCKET", key: { .text($0.count.bucket) },
            room: { Column($0.title, minimum: min($0.width, 10), ideal: min($0.width, 63), weight: 1, cut: .middle) },
            cell: { row, _, _ in name(row.count.bucket) }),
        ListColumn(
            name: "rule", title: "RULE", key: { .text($0.count.rule) },
            room: { Column($0.title, minimum: min($0.width, 10), ideal: min($0.width, 63), weight: 1, cut: .middle) },
            cell: { row, _, _ in name(row.count.rule) }),
        ListColumn(
            name: "events", title: "EVENTS", key: { .number(Int64($0.total)) },
            room: { Column($0.title, minimum: $0.width, alignment: .right) },
            cell: { row, _, _ in Cell("\(Wording.grouped(row.total))") }),
        ListColumn(
            name: "last", title: "LAST EVENT", key: { .number($0.count.last.milliseconds) },
            moment: { $0.count.last }, room: { Column($0.title, minimum: 8, leaveOrder: 4) },
            cell: { row, context, width in Cell(context.clock.text(row.count.last, columns: width), Style(.secondary)) }
        ),
        share("valid", "VALID", [.valid], Style(.good), nil), share("invalid", "INVALID", [.invalid], Style(.bad), nil),
        share("unverified", "UNVERIFIED", [.unverified], Style(.notice), 3),
        share("missing", "MISSING", [.missing], Style(.warning), 2),
        share("other", "OTHER", [.malformed, .unsupported, .removed, .unsigned, .reconciled], Style(.warning), 1),
        ListColumn(
            name: "secret", title: "SECRET", key: { .text($0.isSaved == nil ? "2" : $0.isSaved == true ? "0" : "1") },
            room: { Column($0.title, minimum: $0.width) },
            cell: { row, _, _ in
                switch row.isSaved {
                case true?: Cell("saved", Style(.good))
                case false?: Cell("not saved", Style(.warning))
                case nil: Cell("none", Style(.secondary))
                }
            }),
    ]

    private static func name(_ text: String) -> Cell {
        text.isEmpty ? Cell("(none)", Style(.secondary)) : Cell(SafeText(cell: text))
    }

    private static func share(
        _ name: String, _ title: SafeText, _ verdicts: Set<SignatureVerdict>, _ style: Style, _ leaveOrder: Int?
    ) -> ListColumn<RuleRow> {
        ListColumn(
            name: name, title: title, key: { .number(Int64($0.share(verdicts))) },
            room: { Column($0.title, minimum: $0.width, leaveOrder: leaveOrder, alignment: .right) },
            cell: { row, _, _ in
                let isNone = verdicts.allSatisfy { row.count.events[$0] == nil }
                let share = row.share(verdicts)
                return Cell(
                    isNone ? "–" : share == 0 ? "< 1 %" : "\(share) %", isNone ? Style(.secondary) : style)
            })
    }
}

extension DashboardModel {
    /// Lists the events of the selected rule.
    mutating func listRule() {
        guard let count = tab(RulesScreen.self).list.list.selectedRow?.count else { return }
        let terms = [("bucket", count.bucket), ("rule", count.rule)].filter { !$0.1.isEmpty }
        let text = terms.map { FilterTerm.text(operator: $0.0, exactly: $0.1) }.joined(separator: " ")
        do throws(FilterError) {
            events.filter.apply(try Filter(text, in: session.filterContext), readAt: session.wallTime)
            perform(MainView.events.command)
        } catch {
            return session.tell("This is not a valid filter: \(error.description)", .bad)
        }
    }
}
