import Base
import History
import Notifications
import Receiving
import Terminal

/// The pages about rules: all about one, the difference that a change makes, and the result of a comparison.
struct RulePages {
    let columns: Int
    let clock: WallClock

    // MARK: - All about a rule

    /// Returns what the record and the account have of a rule.
    func details(_ row: RuleRow) -> [StyledLine] {
        var fields = FieldList(columns: columns)
        fields.add("Bucket", row.bucket.isEmpty ? "(none)" : "\(row.bucket)")
        fields.add("Rule", row.rule.isEmpty ? "(none)" : "\(row.rule)")
        if let state = row.state { fields.add("State", state.word, state.style) }
        if let rule = row.account { add(rule, to: &fields) }
        fields.add(
            "Secret", row.isSaved.map { $0 ? "saved here" : "not saved here" } ?? "none",
            Style(row.isSaved == false ? .warning : .plain))
        fields.head("In the record")
        if let count = row.count {
            fields.add("Events", "\(Wording.grouped(row.total))")
            for verdict in SignatureVerdict.allCases {
                guard let number = count.events[verdict], number > 0 else { continue }
                fields.add("  \(verdict.title)", "\(Wording.grouped(number))", verdict.style)
            }
            fields.add("Last event", clock.text(count.last))
        } else {
            fields.add([StyledLine("No event of it is recorded.", Style(.secondary))])
        }
        guard let rule = row.account else {
            if row.isRead {
                fields.add([StyledLine(), StyledLine("Backblaze has no rule of this name.", Style(.notice))])
            }
            return fields.lines
        }
        fields.head("As B2 has it, its secrets masked")
        fields.add(PageLines.lines(of: Array(rule.json.utf8), columns))
        fields.add(
            [StyledLine()]
                + Prose.lines(
                    "b2watch rules show \(row.bucket) \(row.rule) --show-secrets shows them.", columns: columns,
                    style: Style(.secondary)))
        return fields.lines
    }

    private func add(_ rule: AccountRule, to fields: inout FieldList) {
        if let suspension = rule.suspension { fields.add("Why", prose: suspension) }
        if let since = rule.silentSince {
            fields.add("Silent since", clock.text(Timestamp(milliseconds: since)), Style(.warning))
        }
        let target = StyledLine(SafeText(rule.target))
        if rule.leadsHere { fields.add("Target", target, note: "leads here") } else { fields.add("Target", target) }
        fields.add("Types", "\(rule.types)")
        fields.add("Prefix", rule.prefix.isEmpty ? "all objects" : "\(rule.prefix)")
        fields.add("Events", "\(rule.batch) at most in a notification")
        fields.add("Signed", rule.isSigned ? "yes" : "no: anybody who knows the target can forge its events")
    }

    // MARK: - A difference

    /// Returns the difference that a change makes, field by field.
    func difference(_ change: RuleChange, _ plan: RulePlan) -> [StyledLine] {
        var fields = FieldList(columns: columns)
        fields.add("Bucket", "\(change.bucket)")
        fields.add("Rule", "\(change.rule)")
        fields.add("By", "\(plan.key)", Style(.secondary))
        fields.head("The exact difference")
        for difference in plan.differences {
            let name = Self.names[difference.field] ?? difference.field
            let none = StyledLine("–", Style(.secondary))
            let old = difference.old.map { StyledLine(SafeText($0), Style(.bad)) } ?? none
            let new = difference.new.map { StyledLine(SafeText($0), Style(.good)) } ?? none
            let value = old + StyledLine(" → ", Style(.secondary)) + new
            if Self.names[difference.field] == nil, name.count > 14 {
                fields.add([StyledLine(SafeText(name), Style(.secondary))])
                fields.add("", value)
            } else {
                fields.add("\(name)", value)
            }
        }
        guard !plan.notes.isEmpty else { return fields.lines }
        return fields.lines + [StyledLine()]
            + plan.notes.flatMap { note in
                Prose.lines(
                    "\(note.prefix(1).uppercased())\(note.dropFirst()).", columns: columns, style: Style(.notice))
            }
    }

    /// The names of fields for people.
    private static let names = [
        "name": "Name", "isEnabled": "Enabled", "eventTypes": "Types", "objectNamePrefix": "Prefix",
        "maxEventsPerBatch": "Events at most", "targetConfiguration.targetType": "Target type",
        "targetConfiguration.url": "Target", "targetConfiguration.hmacSha256SigningSecret": "Signing secret",
        "targetConfiguration.customHeaders": "Custom headers",
        "targetConfiguration.maxEventsPerBatch": "Events at most",
        "saved secret": "Saved secret",
    ]

    // MARK: - A comparison

    /// Returns the result of a comparison.
    func comparison(_ bucket: String, _ report: ComparisonReport) -> [StyledLine] {
        let isClean = report.missing == 0
        var lines = report.lines.enumerated().flatMap { index, line in
            Prose.lines(
                line, columns: columns,
                style: index == 0 ? Style(isClean ? .good : .warning, bold: true) : .plain)
        }
        lines.append(StyledLine())
        guard !isClean else { return lines + [StyledLine("Nothing is missing.", Style(.good))] }
        lines.append(StyledLine("Missing, the oldest first", Style(.heading)))
        for version in report.list {
            var line = StyledLine(clock.text(Timestamp(milliseconds: version.uploaded)), Style(.secondary))
            line.append("  \(version.action)")
            line.append(SafeText("  \(version.name)"), Style(.accent))
            line.append(
                SafeText("  \(Wording.bytes(version.size))\(version.rule.isEmpty ? "" : "  rule \(version.rule)")"),
                Style(.secondary))
            lines += line.wrapped(to: columns)
        }
        if report.missing > report.list.count {
            let rest = Wording.grouped(report.missing - report.list.count)
            lines += Prose.lines(
                "… and \(rest) more: b2watch reconcile \(bucket) --csv lists them.", columns: columns,
                style: Style(.secondary))
        }
        lines.append(StyledLine())
        return lines
            + Prose.lines(
                "b2watch reconcile \(bucket) --act ACTION runs an action for them.", columns: columns,
                style: Style(.secondary))
    }
}
