import Base
import History
import Notifications
import Receiving
import Terminal

/// The tab `5 Rules`: each bucket and rule in the received deliveries and in the account, with the number of events, the
/// share of each verdict, whether its secret is saved, and what Backblaze has of the rule.
///
/// Events are counted piece by piece as they arrive. All are counted again after verdicts have changed. The account is
/// read when the tab is opened, after each change, and when the user asks for it, never by a clock.
struct RulesScreen: ListTab {
    static let facts = TabFacts(
        number: 5, word: "Rules", meaning: "the buckets and rules, their verdicts, and what Backblaze has of them",
        about: "The buckets and rules of the events and of the account, and their verdicts")

    private static let context = BindingContext.tab(MainView(rawValue: 5))

    static let commands: [Command] = [
        .open.also(
            in: context, "all about the rule", footer: .narrow("details"), unavailable: hasNoRow,
            run: { $0.openRule() }),
        listRule, saveSecret, enableOrNot, pointHere, edit, create, delete, readAgain, compare, showComparison,
    ]
    static let brief: [Command] = [
        .open, listRule, saveSecret, enableOrNot, pointHere, edit, create, delete, readAgain, compare, .editFilter,
        .search, .showKeyring, .typeCommand, .close,
    ]

    private static let listRule = Command(
        "list-rule", "l", in: context, "list the events of the rule", footer: .medium("list events"),
        unavailable: { $0.tab(RulesScreen.self).list.list.selectedRow == nil ? "No rule to list." : nil }
    ) { $0.listRule() }
    private static let saveSecret = Command(
        "save-rule-secret", "i", in: context, "save the rule's signing secret here, bound to the rule",
        footer: .medium("save secret"),
        unavailable: { model in
            if let reason = hasNoRule(model) { return reason }
            return model.selectedRule?.account?.isSigned == false ? "The rule has no signing secret." : nil
        }
    ) { $0.plan(.saveSecret) }
    private static let enableOrNot = Command(
        "enable-rule-or-not", "p", in: context, "enable the rule, or disable it",
        footer: .medium("enable") { $0.selectedRule?.account?.isEnabled == true ? "disable" : nil },
        unavailable: hasNoRule
    ) { $0.plan($0.selectedRule?.account?.isEnabled == true ? .disable : .enable) }
    private static let pointHere = Command(
        "point-rule-here", "h", in: context, "make this listener the rule's target", footer: .wide("point here"),
        unavailable: { model in
            if let reason = hasNoRule(model) { return reason }
            if model.selectedRule?.account?.leadsHere == true { return "The rule leads here already." }
            guard model.tab(RulesScreen.self).reading?.publicURL == nil else { return nil }
            return "The public URL of this listener is not known: \(model.bindings.name(of: edit)) edits the target."
        }
    ) { $0.plan(.pointHere) }
    private static let edit = Command(
        "edit-rule", "e", in: context, "edit the rule: target, prefix, types, events of a notification",
        footer: .wide("edit"), unavailable: hasNoRule
    ) { $0.editRule() }
    private static let create = Command(
        "create-rule", "a", in: context, "create a rule", footer: .wide("create"), unavailable: hasNoAccount
    ) { $0.createRule() }
    private static let delete = Command(
        "delete-rule", "d", in: context, "delete the rule", footer: .wide("delete"), unavailable: hasNoRule
    ) { $0.plan(.delete) }
    static let readAgain = Command(
        "read-rules", "r", in: context, "read the account's rules again", footer: .wide("read again"),
        unavailable: { $0.session.absence?.reason }
    ) { $0.readRulesAgain() }
    static let compare = Command(
        "compare-bucket", "C", in: context, "compare the bucket with the record: which objects came without an event",
        footer: .wide("compare"),
        unavailable: { model in
            if let reason = hasNoAccount(model) { return reason }
            return hasNoRow(model)
        }
    ) { $0.compareBucket() }
    private static let showComparison = Command(
        "show-comparison", "m", in: context, "what the last comparison of the bucket has found missing",
        unavailable: { model in
            guard let bucket = model.selectedRule?.bucket else { return "No rule here." }
            return model.tab(RulesScreen.self).reports[bucket] == nil
                ? "The bucket was not compared yet: \(model.bindings.name(of: compare)) compares it." : nil
        }
    ) { $0.showComparison() }

    // MARK: - Reasons why a command is unavailable

    private static let hasNoRow: @Sendable (DashboardModel) -> String? = {
        $0.selectedRule == nil ? "No rule here." : nil
    }

    /// Returns the reason why nothing can be asked of the account; nil if it can.
    static let hasNoAccount: @Sendable (DashboardModel) -> String? = { model in
        if let absence = model.session.absence { return absence.reason }
        let tab = model.tab(RulesScreen.self)
        if let failure = tab.failure { return failure }
        guard let reading = tab.reading else { return "The account's rules have not been read yet." }
        return reading.missingKey ?? (reading.buckets.isEmpty ? reading.problems.first : nil)
    }

    private static let hasNoRule: @Sendable (DashboardModel) -> String? = { model in
        if let reason = hasNoAccount(model) ?? hasNoRow(model) { return reason }
        guard let row = model.selectedRule, row.account == nil else { return nil }
        return row.isRead
            ? "Backblaze has no rule of this name: \(model.bindings.name(of: readAgain)) reads the rules again."
            : "The rules of this bucket could not be read: the line below the list says why."
    }

    // MARK: - State

    /// The maximum number of rules, which prevents a sender that makes up new names from using up memory.
    private static let most = 1_000
    /// The time within which the tab is opened again without reading the account again.
    private static let fresh = Duration.seconds(30)

    var list = FoundList(Self.columns, growth: .anew)
    private var rules: [String: RuleCount] = [:]
    private var rows: [RuleRow] = []
    /// The last row of the history that has been counted. The verdicts are those of `revision`.
    private var through: Int64 = 0
    private var revision: Int?
    private var isCounting = false
    private var keyring: KeyringSummary?
    /// A number that increases with every change of the rows.
    private var moves = 0

    /// The account's side, as it was last read; nil before.
    private(set) var reading: AccountReading?
    /// The reason why it could not be read.
    private(set) var failure: String?
    private var isToRead = true
    /// The time of the last reading, on both clocks.
    private var readAt: (at: ContinuousClock.Instant, time: Timestamp)?
    /// The results of comparisons by their buckets.
    var reports: [String: ComparisonReport] = [:]
    /// The form of a change that the user is asked about; it opens again if the answer is no.
    var heldForm: RuleForm?

    private var aboutHeight = 0

    func extent(_ change: HistoryChange) -> ListExtent { ListExtent(latest: nil, revision: moves) }

    /// Whether the columns of the account's side are shown.
    private var showsAccount: Bool { reading?.buckets.isEmpty == false }

    mutating func opened(_ session: Session) {
        if readAt.map({ session.now - $0.at > Self.fresh }) ?? true { isToRead = true }
    }

    /// Reads the account again.
    mutating func readAgain() { isToRead = true }

    // MARK: - Reading

    mutating func ask(_ reading: TabReading, _ context: inout Context) {
        askForCounts(&context)
        askForAccount(&context)
        if keyring != context.session.keyring {
            keyring = context.session.keyring
            arrange()
        }
        let rows = rows
        askForRows(reading, on: .rows, &context) { _, question in
            try Self.source(rows).answer(question)
        } then: { _, _, _ in
        }
    }

    private mutating func askForCounts(_ context: inout Context) {
        let change = context.session.shown
        if revision != change.revision, !isCounting { (rules, through, revision) = ([:], 0, change.revision) }
        guard !isCounting, through < change.latestRow, context.session.frozen == nil || through == 0 else { return }
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

    private mutating func add(_ stretch: RuleStretch) {
        through = stretch.through
        for count in stretch.rules {
            let id = RuleRow.id(count.bucket, count.rule)
            if rules[id] != nil || rules.count < Self.most {
                rules[id, default: RuleCount(bucket: count.bucket, rule: count.rule, last: count.last)].add(count)
            }
        }
        arrange()
    }

    private mutating func askForAccount(_ context: inout Context) {
        // The names of the buckets in the record come first, so the record is counted before.
        guard isToRead, !isCounting, context.session.absence == nil, context.session.frozen == nil else { return }
        isToRead = false
        let buckets = Array(Set(rules.values.map(\.bucket))).sorted()
        context.ask("account", of: Self.self, on: .account) { outside, _ in
            try outside.ask(ReadAccountRules(first: buckets))
        } then: { tab, context, result in
            tab.readAt = (context.session.now, context.session.wallTime)
            switch result {
            case .success(let reading):
                tab.failure = nil
                tab.announceSilence(reading, &context)
                tab.reading = reading
                tab.arrange()
            case .failure(let failure): tab.failure = failure.sentence
            }
        }
    }

    /// Announces rules that have become silent for longer than the configuration allows.
    private func announceSilence(_ new: AccountReading, _ context: inout Context) {
        let known = Set((reading?.rules ?? []).filter { $0.silentSince != nil }.map { RuleRow.id($0.bucket, $0.name) })
        let silent = new.rules.filter { $0.silentSince != nil && !known.contains(RuleRow.id($0.bucket, $0.name)) }
        guard let first = silent.first, let since = first.silentSince.map(Timestamp.init(milliseconds:)) else { return }
        let more = silent.count > 1 ? ", and \(Wording.count(silent.count - 1, "other rule", "other rules")) too" : ""
        let time = context.session.rowClock.text(since, columns: 40)
        context.session.announce(
            "The rule \(SafeText(cell: first.name)) of \(SafeText(cell: first.bucket)) has been silent since "
                + time + "\(more).")
    }

    /// Arranges the rows by bucket and rule.
    private mutating func arrange() {
        let saved = (keyring?.secrets ?? []).filter(\.isRemembered)
        let labels = Set(saved.map(\.label))
        let bound = Set(
            saved.compactMap { secret -> String? in
                if case .rule(let name) = secret.binding { name } else { nil }
            })
        let read = Set(reading?.buckets ?? [])
        var all = rules.mapValues { RuleRow(bucket: $0.bucket, rule: $0.rule, count: $0) }
        for rule in reading?.rules ?? [] {
            let id = RuleRow.id(rule.bucket, rule.name)
            all[id, default: RuleRow(bucket: rule.bucket, rule: rule.name)].account = rule
        }
        rows = all.values.map { row in
            var row = row
            row.isRead = read.contains(row.bucket)
            let verified = row.count?.secrets ?? []
            if row.account?.isSigned == true || !verified.isEmpty {
                row.isSaved = bound.contains(row.rule) || !verified.isDisjoint(with: labels)
            }
            if row.account?.isSigned == false { row.isSaved = nil }
            return row
        }.sorted { ($0.bucket, $0.rule) < ($1.bucket, $1.rule) }
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
                predicate.holds(at: row.count?.last ?? .now) { columns, pattern in
                    (columns.contains(.bucketName) && pattern(row.bucket))
                        || (columns.contains(.matchedRuleName) && pattern(row.rule))
                }
            }
        }
    }

    // MARK: - Drawing

    mutating func settle(_ layout: Layout, _ session: Session) {
        aboutHeight = about(layout.list.size, session).count
        list.settle(height: max(0, layout.list.rows - 1 - aboutHeight), days: session.clock)
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let context = ListContext(model.session, order: list.order)
        var drawing = ListDrawing<RuleRow>(
            places: places(context, columns: surface.size.columns), context: context)
        (drawing.extent, drawing.emphasis) = (list.extent(extent(model.shown)), "state")
        let size = surface.size
        surface.draw(in: Rect(column: 0, row: 0, columns: size.columns, rows: max(0, size.rows - aboutHeight))) {
            list.table.draw(list.list, drawing, on: &$0)
            guard list.isEmpty else { return }
            let isReading = isCounting || model.context.questions.isWaiting("account", of: Self.facts.number)
            model.drawNothing(isReading ? "Reading…" : "No event and no rule yet.", row: 2, on: &$0)
        }
        for (index, line) in about(size, model.session).enumerated() {
            surface.put(line, at: Point(column: 0, row: size.rows - aboutHeight + index))
        }
    }

    /// Returns the positions of the columns. Those of the account's side are left out as long as it is unknown.
    private func places(_ context: ListContext, columns: Int) -> [Columns.Place] {
        let shown = list.table.laidOut(context).enumerated().filter {
            showsAccount || !Self.accountColumns.contains(list.table.columns[$0.offset].name)
        }
        return Columns(shown.map(\.element)).fitted(to: list.width(in: columns)).map {
            Columns.Place(column: $0.column, index: shown[$0.index].offset, start: $0.start, width: $0.width)
        }
    }

    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target? {
        guard row == 0 else { return row < size.rows - aboutHeight ? .line(row - 1) : .main }
        let places = places(ListContext(model.session, order: list.order), columns: size.columns)
        return list.table.sortName(at: column - ListRow.margin, places).map(Target.sort) ?? .main
    }

    /// Returns the lines below the list: the account's side of the selected rule, and how the account was read.
    private func about(_ size: Size, _ session: Session) -> [StyledLine] {
        let columns = max(8, size.columns - 3)
        guard size.rows >= 8 else { return [] }
        let margin = StyledLine("  ")
        let last = margin + status(session).clipped(to: columns)
        guard size.rows >= 12, showsAccount, let row = list.list.selectedRow else { return [last] }
        let name = SafeText(cell: row.rule.isEmpty ? "(none)" : row.rule).clipped(to: 40)
        var rule = StyledLine(" ─ ", Style(.secondary)) + StyledLine(name, Style(.plain, bold: true))
        let rest = String(repeating: "─", count: max(0, size.columns - rule.width - 2))
        rule = rule + StyledLine(" \(rest)", Style(.secondary))
        let most = size.rows < 18 ? 3 : 5
        return [rule] + facts(row, columns).prefix(most).map { margin + $0 } + [last]
    }

    private func facts(_ row: RuleRow, _ columns: Int) -> [StyledLine] {
        guard let rule = row.account else {
            let text =
                row.isRead ? "Backblaze has no rule of this name." : "The rules of this bucket were not read."
            return Prose.lines(text, columns: columns, style: Style(.secondary))
        }
        var lines: [StyledLine] = []
        if let suspension = rule.suspension { lines += Prose.lines(suspension, columns: columns, style: Style(.bad)) }
        var fields = FieldList(columns: columns)
        fields.add("Target", SafeText(cell: rule.target), Style(rule.leadsHere ? .good : .plain), here: rule.leadsHere)
        fields.add("Types", SafeText(cell: rule.types))
        fields.add("Prefix", rule.prefix.isEmpty ? "all objects" : SafeText(cell: rule.prefix))
        return lines + fields.lines
    }

    /// Returns how the account was read, in a line.
    private func status(_ session: Session) -> StyledLine {
        if let absence = session.absence { return StyledLine("\(absence.reason)", Style(.secondary)) }
        if let failure {
            return StyledLine("The account could not be read: \(failure)", Style(.warning))
        }
        guard let reading, let readAt else { return StyledLine("Reading the account's rules…", Style(.secondary)) }
        if let missing = reading.missingKey { return StyledLine("\(missing)", Style(.secondary)) }
        if let problem = reading.problems.first { return StyledLine("\(problem)", Style(.warning)) }
        let time = session.rowClock.text(readAt.time, columns: 20)
        return StyledLine("Backblaze, \(reading.keys.joined(separator: "; ")), read " + time, Style(.secondary))
    }
}

extension FieldList {
    /// Adds a URL, with a note if it leads here.
    fileprivate mutating func add(_ name: SafeText, _ url: SafeText, _ style: Style, here leadsHere: Bool) {
        if leadsHere { add(name, StyledLine(url, style), note: "leads here") } else { add(name, url, style) }
    }
}

// MARK: - Commands

extension DashboardModel {
    /// The selected row of `5 Rules`.
    var selectedRule: RuleRow? { tab(RulesScreen.self).list.list.selectedRow }

    /// Lists the events of the selected rule.
    fileprivate mutating func listRule() {
        guard let row = selectedRule else { return }
        let terms = [("bucket", row.bucket), ("rule", row.rule)].filter { !$0.1.isEmpty }
        let text = terms.map { FilterTerm.text(operator: $0.0, exactly: $0.1) }.joined(separator: " ")
        do throws(FilterError) {
            events.filter.apply(try Filter(text, in: session.filterContext), readAt: session.wallTime)
            perform(MainView.events.command)
        } catch {
            return session.tell("This is not a valid filter: \(error.description)", .bad)
        }
    }

    fileprivate mutating func openRule() {
        if let row = selectedRule { page = TextPage(.rule(row.id), content: .rule(row)) }
    }

    fileprivate mutating func readRulesAgain() {
        session.tell("Reading the account's rules…", .secondary)
        change(RulesScreen.self) { tab, _ in tab.readAgain() }
    }

    fileprivate mutating func showComparison() {
        guard let bucket = selectedRule?.bucket, let report = tab(RulesScreen.self).reports[bucket] else { return }
        page = TextPage(.comparison(bucket), content: .comparison(bucket, report))
    }
}
