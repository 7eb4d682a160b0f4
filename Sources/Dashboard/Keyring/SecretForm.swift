import Notifications
import SafeText
import Terminal

/// The form that takes a signing secret.
struct SecretForm {
    enum Purpose: Hashable {
        case add
        /// The label of the one whose place is taken.
        case replace(String)
    }

    enum Field: Int, CaseIterable {
        case secret, label, binding
    }

    let purpose: Purpose
    private(set) var field = Field.secret
    private var secret = LineEditor(isMasked: true)
    private var label: LineEditor
    private var binding: LineEditor
    /// What became of the last paste or try.
    private(set) var message: (text: SafeText, role: Role)?
    /// Whether the keyring has the draft and has not answered yet.
    private(set) var isWaiting = false

    init(_ purpose: Purpose, label: String, binding: SecretBinding = .any) {
        self.purpose = purpose
        self.label = LineEditor(label)
        self.binding = LineEditor(binding.description)
    }

    mutating func moveField(by distance: Int) {
        let count = Field.allCases.count
        field = Field(rawValue: (field.rawValue + distance + count) % count) ?? .secret
    }

    mutating func type(_ key: Key) {
        message = nil
        _ = withEditor { $0.update(.key(key)) }
    }

    mutating func paste(_ bytes: [UInt8]) {
        let paste = PastedText(bytes)
        guard let text = paste.text, !text.isEmpty else {
            message = (
                paste.text == nil ? "The paste is not UTF-8 and was dropped." : "The paste was only white space.",
                .warning
            )
            return
        }
        withEditor { $0.insert(text) }
        message = paste.note.map { ($0, .notice) }
    }

    /// The draft, or nil with a message that says what is missing.
    mutating func submit(held: KeyringSummary) -> SecretDraft? {
        guard !isWaiting else { return nil }
        let value = String(SigningSecret.trim(secret.text))
        let label = String(SigningSecret.trim(self.label.text))
        let others = held.secrets.map(\.label).filter { purpose != .replace($0) }
        if value.isEmpty {
            refuse("The field is empty: paste or type the signing secret.", at: .secret)
        } else if label.isEmpty {
            refuse("Give the secret a label, so that it can be told from others.", at: .label)
        } else if others.contains(label) {
            refuse("There is a secret with the label \(label) already.", at: .label)
        } else if let binding = SecretBinding(String(SigningSecret.trim(self.binding.text))) {
            isWaiting = true
            message = nil
            return SecretDraft(label: label, value: value, binding: binding)
        } else {
            refuse("Bound to is any, bucket:NAME or rule:NAME.", at: .binding)
        }
        return nil
    }

    /// The keyring did not take the draft.
    mutating func failed(_ sentence: SafeText) {
        isWaiting = false
        message = (sentence, .bad)
    }

    private mutating func refuse(_ text: SafeText, at field: Field) {
        self.field = field
        message = (text, .bad)
    }

    @discardableResult
    private mutating func withEditor<Result>(_ body: (inout LineEditor) -> Result) -> Result {
        switch field {
        case .secret: body(&secret)
        case .label: body(&label)
        case .binding: body(&binding)
        }
    }

    /// What is to be said of the secret as it stands, which is taken all the same.
    private var doubt: SafeText? {
        let value = SigningSecret.trim(secret.text)
        guard !value.isEmpty, !SigningSecret.looksUsual(Array(value.utf8)) else { return nil }
        return
            "Not 32 letters and digits, as B2's secrets are (\(value.count) characters here). It can be used all the same."
    }
}

extension SecretForm {
    /// Draws the form and returns where the cursor is.
    func draw(on surface: inout Surface) -> Point? {
        let title: SafeText =
            if case .replace(let label) = purpose { "Replace the secret \(label)" } else { "Add a secret" }
        surface.put(title, at: Point(column: ListRow.margin, row: 0), style: Style(.heading))
        var cursor: Point?
        let names: [(Field, SafeText, LineEditor)] = [
            (.secret, "Secret", secret), (.label, "Label", label), (.binding, "Bound to", binding),
        ]
        // On a low screen the empty lines are needed for what is to be said.
        let gap = surface.size.rows < 10 ? 0 : 1
        for (index, (field, name, editor)) in names.enumerated() {
            let row = 1 + gap + index
            let hasFocus = field == self.field
            surface.put(
                (hasFocus ? "▌ " : "  ") + name, at: Point(column: 0, row: row),
                style: Style(hasFocus ? .accent : .secondary, bold: hasFocus))
            let rect = Rect(column: 12, row: row, columns: min(52, surface.size.columns - 13), rows: 1)
            let point = surface.draw(in: rect) { part in
                editor.draw(on: &part, style: Style(.plain, underlined: true))
            }
            if hasFocus { cursor = Point(column: rect.column + point.column, row: row) }
        }
        drawRemarks(from: 4 + gap * 2, on: &surface)
        return cursor
    }

    private func drawRemarks(from first: Int, on surface: inout Surface) {
        var remarks: [(SafeText, Role)] = []
        if isWaiting { remarks.append(("Verifying what is recorded and not valid…", .secondary)) }
        if let message { remarks.append(message) }
        if let doubt { remarks.append((doubt, .warning)) }
        if field == .binding, message == nil { remarks.append(("any, bucket:NAME or rule:NAME", .secondary)) }
        var row = first
        for (text, role) in remarks {
            for line in Prose.lines(text.string, columns: surface.size.columns - 3) {
                surface.put(line, at: Point(column: ListRow.margin, row: row), style: Style(role))
                row += 1
            }
        }
    }
}
