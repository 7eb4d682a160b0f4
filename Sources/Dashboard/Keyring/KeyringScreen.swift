import SafeText
import Terminal

/// `s`: the secrets held.
struct KeyringScreen {
    /// The selected secret's label.
    private(set) var selection: String?
    var form: SecretForm?

    /// The selected secret, or the first one.
    func selected(in keyring: KeyringSummary) -> SecretSummary? {
        keyring.secrets.first { $0.label == selection } ?? keyring.secrets.first
    }

    mutating func move(_ command: Command, in keyring: KeyringSummary) {
        let labels = keyring.secrets.map(\.label)
        guard let current = selected(in: keyring), let index = labels.firstIndex(of: current.label) else { return }
        let target =
            switch command {
            case .up: index - 1
            case .down: index + 1
            case .pageUp, .halfPageUp, .toStart: 0
            default: labels.count - 1
            }
        selection = labels[min(max(0, target), labels.count - 1)]
    }

    /// Selects the secret in a line of the list, below its titles. Says whether there is one.
    mutating func select(line: Int, in keyring: KeyringSummary, rows: Int) -> Bool {
        let shown = shown(keyring, rows: rows)
        guard shown.indices.contains(shown.startIndex + line), line >= 0 else { return false }
        selection = shown[shown.startIndex + line].label
        return true
    }

    /// The secrets in view.
    private func shown(_ keyring: KeyringSummary, rows: Int) -> ArraySlice<SecretSummary> {
        let height = max(1, rows - 1)
        let selected = selected(in: keyring)?.label
        let index = keyring.secrets.firstIndex { $0.label == selected } ?? 0
        return keyring.secrets.dropFirst(max(0, index - height + 1)).prefix(height)
    }

    mutating func select(_ label: String) {
        selection = label
    }

    /// Opens the form for one more secret, under a label that is free.
    mutating func add(to keyring: KeyringSummary) {
        let taken = Set(keyring.secrets.map(\.label))
        let names = ["main"] + (2...(taken.count + 2)).map { "main-\($0)" }
        form = SecretForm(.add, label: names.first { !taken.contains($0) } ?? "")
    }

    mutating func replace(in keyring: KeyringSummary) {
        guard let secret = selected(in: keyring) else { return }
        form = SecretForm(.replace(secret.label), label: secret.label, binding: secret.binding)
    }
}

extension KeyringScreen {
    private static let columns = Columns([
        Column("LABEL", minimum: 8, ideal: 16, weight: 1),
        Column("FINGERPRINT", minimum: 11),
        Column("BOUND TO", minimum: 10, ideal: 24, weight: 2, leaveOrder: 3),
        Column("MATCHES", minimum: 8, leaveOrder: 4, alignment: .right),
        Column("REMEMBERED", minimum: 10, leaveOrder: 2),
        Column("FROM", minimum: 12, ideal: 20, weight: 1, leaveOrder: 1),
    ])

    /// Draws the secrets, or the form, and returns where the cursor is.
    func draw(_ keyring: KeyringSummary, _ bindings: Bindings, on surface: inout Surface) -> Point? {
        if let form { return form.draw(on: &surface) }
        guard !keyring.isEmpty else {
            drawNone(bindings, on: &surface)
            return nil
        }
        let places = Self.columns.fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        let selected = selected(in: keyring)?.label
        for (line, secret) in shown(keyring, rows: surface.size.rows).enumerated() {
            draw(secret, places, at: line + 1, on: &surface)
            if secret.label == selected { ListRow.mark(row: line + 1, hasKeys: true, on: &surface) }
        }
        drawHint(below: keyring, on: &surface)
        return nil
    }

    private func draw(_ secret: SecretSummary, _ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        let cells: [SafeText] = [
            "\(secret.label)", "\(secret.fingerprint)", "\(secret.binding)",
            secret.matches.map { "\(Wording.grouped($0))" } ?? "", secret.isRemembered ? "yes" : "no",
            "\(secret.source)",
        ]
        for place in places {
            surface.put(
                place.fit(cells[place.index]), at: Point(column: ListRow.margin + place.start, row: line),
                columns: place.width)
        }
    }

    private func drawHint(below keyring: KeyringSummary, on surface: inout Surface) {
        var hints = ["A fingerprint is the first 4 hex digits of the secret's SHA-256."]
        if let secret = selected(in: keyring), !secret.isUsual {
            hints.insert("\(secret.label) is not 32 letters and digits, as B2's secrets are.", at: 0)
        }
        drawProse(hints, from: keyring.secrets.count + 2, on: &surface)
    }

    private func drawNone(_ bindings: Bindings, on surface: inout Surface) {
        surface.put("No secret is held.", at: Point(column: 1, row: 0), style: Style(.heading))
        let hints = [
            "Without one b2watch takes what arrives and marks it unverified.",
            "Backblaze's console shows the signing secret of a rule: Buckets, the bucket, Event Notifications, the rule."
                + " Copy it there and paste it here; \(bindings.name(of: .addSecret)) types it, or gives it a label.",
        ]
        drawProse(hints, from: 2, on: &surface)
    }

    private func drawProse(_ texts: [String], from first: Int, on surface: inout Surface) {
        var row = first
        for text in texts {
            for line in Prose.lines(text, columns: min(76, surface.size.columns - 2)) {
                surface.put(line, at: Point(column: 1, row: row), style: Style(.secondary))
                row += 1
            }
        }
    }
}
