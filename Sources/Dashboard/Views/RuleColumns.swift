import Base
import History
import Notifications
import Receiving
import Terminal

/// A row of the list of rules: what the record has of a rule, and what the account has.
struct RuleRow: WindowedRow, Hashable {
    let bucket: String
    let rule: String
    /// The events of the rule; nil if none is recorded.
    var count: RuleCount?
    /// The rule in the account; nil if it has none of that name, or was not read.
    var account: AccountRule?
    /// Whether the rules of its bucket were read from the account.
    var isRead = false
    /// Whether its secret is saved; nil if it has none, or no secret has verified any of its events.
    var isSaved: Bool?

    var id: String { Self.id(bucket, rule) }
    var moment: Timestamp? { nil }
    var number: Int64 { 0 }
    var total: Int { count?.events.values.reduce(0, +) ?? 0 }

    static func id(_ bucket: String, _ rule: String) -> String { "\(bucket)\u{0}\(rule)" }

    /// Returns the share of events with these verdicts, in percent.
    func share(_ verdicts: Set<SignatureVerdict>) -> Int {
        Wording.percent(verdicts.reduce(0) { $0 + (count?.events[$1] ?? 0) }, of: total)
    }

    /// The state in a word; nil if the account's rules were not read.
    var state: (word: SafeText, style: Style)? {
        guard let account else { return isRead ? ("gone", Style(.secondary)) : nil }
        return switch account.state {
        case .suspended: ("suspended", Style(.bad))
        case .disabled: ("disabled", Style(.secondary))
        case .enabled where account.silentSince != nil: ("silent", Style(.warning))
        case .enabled: ("enabled", .plain)
        }
    }
}

extension AccountRule {
    /// The event types without `b2:`; `all` for those of a rule for everything.
    var types: String {
        let all: Set = ["ObjectCreated:*", "ObjectDeleted:*", "HideMarkerCreated:*"]
        let short = eventTypes.map { $0.hasPrefix("b2:") ? String($0.dropFirst(3)) : $0 }
        return Set(short) == all ? "all" : short.joined(separator: ", ")
    }

    /// The target without `https://`, which every rule has.
    var shortTarget: String { target.hasPrefix("https://") ? String(target.dropFirst(8)) : target }
}

// MARK: - Columns

extension RulesScreen {
    /// The columns that show the account's side. Without it they are hidden.
    static let accountColumns: Set<String> = ["state", "prefix", "types", "target"]

    /// The columns, from left to right. As the list narrows, OTHER is hidden first, then MISSING, UNVERIFIED, TYPES, PREFIX,
    /// TARGET and LAST EVENT.
    static let columns: [ListColumn<RuleRow>] = [
        ListColumn(
            name: "bucket", title: "BUCKET", key: { .text($0.bucket) },
            room: { Column($0.title, minimum: min($0.width, 10), ideal: min($0.width, 63), weight: 1, cut: .middle) },
            cell: { row, _, _ in name(row.bucket) }),
        ListColumn(
            name: "rule", title: "RULE", key: { .text($0.rule) },
            room: { Column($0.title, minimum: min($0.width, 10), ideal: min($0.width, 63), weight: 1, cut: .middle) },
            cell: { row, _, _ in name(row.rule) }),
        ListColumn(
            name: "state", title: "STATE", key: { .text($0.state?.word.string ?? "") },
            room: { Column($0.title, minimum: $0.width) },
            cell: { row, _, _ in row.state.map { Cell($0.word, $0.style) } }),
        ListColumn(
            name: "events", title: "EVENTS", key: { .number(Int64($0.total)) },
            room: { Column($0.title, minimum: $0.width, alignment: .right) },
            cell: { row, _, _ in Cell("\(Wording.grouped(row.total))") }),
        ListColumn(
            name: "last", title: "LAST EVENT", key: { $0.count.map { .number($0.last.milliseconds) } },
            moment: { $0.count?.last }, room: { Column($0.title, minimum: 8, leaveOrder: 7) },
            cell: { row, context, width in
                row.count.map { count in
                    let style = Style(row.account?.silentSince == nil ? .secondary : .warning)
                    return Cell(context.clock.text(count.last, columns: width), style)
                }
            }),
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
        ListColumn(
            name: "prefix", title: "PREFIX", key: { .text($0.account?.prefix ?? "") },
            room: { Column($0.title, minimum: min($0.width, 8), ideal: min($0.width, 24), leaveOrder: 5) },
            cell: { row, _, _ in
                row.account.map {
                    $0.prefix.isEmpty ? Cell("(all)", Style(.secondary)) : Cell(SafeText(cell: $0.prefix))
                }
            }),
        ListColumn(
            name: "types", title: "TYPES", key: { .text($0.account?.types ?? "") },
            room: { Column($0.title, minimum: min($0.width, 8), ideal: min($0.width, 40), weight: 1, leaveOrder: 4) },
            cell: { row, _, _ in row.account.map { Cell(SafeText(cell: $0.types)) } }),
        ListColumn(
            name: "target", title: "TARGET", key: { .text($0.account?.target ?? "") },
            room: {
                Column(
                    $0.title, minimum: min($0.width, 16), ideal: min($0.width, 60), weight: 2, leaveOrder: 6,
                    cut: .middle)
            },
            cell: { row, _, _ in
                row.account.map { Cell(SafeText(cell: $0.shortTarget), Style($0.leadsHere ? .good : .plain)) }
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
                let isNone = verdicts.allSatisfy { row.count?.events[$0] == nil }
                let share = row.share(verdicts)
                return Cell(
                    isNone ? "–" : share == 0 ? "< 1 %" : "\(share) %", isNone ? Style(.secondary) : style)
            })
    }
}
