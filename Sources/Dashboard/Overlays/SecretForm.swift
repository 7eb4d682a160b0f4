import Base
import History
import Notifications
import Receiving
import Terminal

/// The form for a signing secret, or for a rule that does not sign and its proof.
struct SecretForm {
    enum Purpose: Hashable {
        case add
        /// The label of the secret to replace.
        case replace(String)
        /// A rule that does not sign: its name is the label, the kind of its proof is the binding, and the proof the secret.
        case unsigned
    }

    enum Field: Int, CaseIterable {
        case secret, label, binding
    }

    let purpose: Purpose
    private(set) var field = Field.secret
    private var secret = LineEditor(isMasked: true)
    private var label: LineEditor
    private var binding: LineEditor
    /// The message about the last paste or attempt.
    private(set) var message: (text: SafeText, role: Role)?
    /// Whether the draft was sent to the keyring and is not answered yet.
    private(set) var isWaiting = false

    init(_ purpose: Purpose, label: String, binding: SecretBinding = .any) {
        self.purpose = purpose
        self.label = LineEditor(label)
        self.binding = LineEditor(binding.description)
    }

    /// - Parameters:
    ///   - rule: The rule's name; empty to ask for it.
    ///   - kind: The kind of its proof: `path`, `header NAME` or `from`.
    init(unsigned rule: String, _ kind: String = "path") {
        purpose = .unsigned
        label = LineEditor(rule)
        binding = LineEditor(kind.contains("address") ? "from" : kind)
        field = rule.isEmpty ? .label : .secret
    }

    /// The fields in the order of the screen, with their names.
    private var fields: [(Field, SafeText)] {
        purpose == .unsigned
            ? [(.label, "Rule"), (.binding, "Known by"), (.secret, proofName)]
            : [(.secret, "Secret"), (.label, "Label"), (.binding, "Bound to")]
    }

    /// The name of the field for the proof of a rule that does not sign.
    private var proofName: SafeText {
        switch kind.word {
        case "header": "Value"
        case "from": "Addresses"
        default: "Path"
        }
    }

    /// The kind of the proof of a rule that does not sign: its first word in lower case, and the rest.
    private var kind: (word: String, rest: String) {
        let parts = SigningSecret.trim(binding.text).split(separator: " ", maxSplits: 1).map(String.init)
        return ((parts.first ?? "").lowercased(), parts.count == 2 ? parts[1] : "")
    }

    mutating func moveField(by distance: Int) {
        let all = fields.map(\.0)
        let index = all.firstIndex(of: field) ?? 0
        field = all[(index + distance + all.count) % all.count]
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

    /// Returns the draft; or nil, with a message about what is missing.
    mutating func submit(held: KeyringSummary) -> SecretDraft? {
        guard !isWaiting else { return nil }
        let value = String(SigningSecret.trim(secret.text))
        let label = String(SigningSecret.trim(self.label.text))
        let others = held.secrets.map(\.label).filter { purpose != .replace($0) }
        if value.isEmpty {
            refuse("The field is empty: paste or type the signing secret.", at: .secret)
        } else if label.isEmpty {
            refuse("Give the secret a label, to distinguish it from others.", at: .label)
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

    /// Returns the rule that does not sign; or nil, with a message about what is missing.
    mutating func submitUnsigned() -> UnsignedDraft? {
        guard !isWaiting else { return nil }
        let rule = String(SigningSecret.trim(label.text))
        let value = String(SigningSecret.trim(secret.text))
        let (word, rest) = kind
        if rule.isEmpty || rule.contains(where: \.isWhitespace) {
            refuse("Give the name of the rule, as B2 has it.", at: .label)
        } else if !["path", "header", "from"].contains(word) || (word == "header") == rest.isEmpty {
            refuse("Known by is path, header NAME or from.", at: .binding)
        } else if value.isEmpty {
            refuse("The field is empty: \(Self.wanted(word))", at: .secret)
        } else {
            let proof = "\(word)\(word == "header" ? " \(rest)" : "") \(value)"
            do throws(UnsignedRuleError) {
                _ = try UnsignedRule(rule, parsing: proof)
            } catch {
                refuse("This \(error).", at: .secret)
                return nil
            }
            isWaiting = true
            message = nil
            return UnsignedDraft(rule: rule, proof: proof)
        }
        return nil
    }

    /// Returns what to write for a kind of proof.
    private static func wanted(_ kind: String) -> SafeText {
        switch kind {
        case "header": "the value of that custom header of the rule, \(UnsignedRule.shortestProof) characters or more."
        case "from": "the addresses or blocks that B2 sends from, such as 192.0.2.0/24."
        default:
            "the secret path of the rule's URL, \(UnsignedRule.shortestProof) characters or more, or the whole URL."
        }
    }

    /// Shows that the keyring rejected the draft.
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

    /// A warning about the typed secret, which is accepted all the same.
    private var doubt: SafeText? {
        let value = SigningSecret.trim(secret.text)
        guard purpose != .unsigned, !value.isEmpty, !SigningSecret.looksUsual(Array(value.utf8)) else { return nil }
        return
            "Not 32 letters and digits, as B2's secrets are (\(value.count) characters here). It can be used all the same."
    }

    // MARK: - Drawing

    /// Draws the form and returns the cursor's position.
    func draw(on surface: inout Surface) -> Point? {
        let title: SafeText =
            switch purpose {
            case .add: "Add a secret"
            case .replace(let label): "Replace the secret \(label)"
            case .unsigned: "Name a rule that does not sign"
            }
        surface.put(title, at: Point(column: ListRow.margin, row: 0), style: Style(.heading))
        var cursor: Point?
        // A low screen has no empty lines, because the messages need them.
        let gap = surface.size.rows < 10 ? 0 : 1
        for (index, (field, name)) in fields.enumerated() {
            let editor = editor(field)
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

    /// Returns the editor of a field. Addresses are no secret.
    private func editor(_ field: Field) -> LineEditor {
        switch field {
        case .secret:
            var editor = secret
            editor.isMasked = purpose != .unsigned || kind.word != "from"
            return editor
        case .label: return label
        case .binding: return binding
        }
    }

    private func drawRemarks(from first: Int, on surface: inout Surface) {
        var remarks: [(SafeText, Role)] = []
        if isWaiting, purpose != .unsigned {
            remarks.append(("Verifying what is recorded and not valid…", .secondary))
        }
        if let message { remarks.append(message) }
        if let doubt { remarks.append((doubt, .warning)) }
        if message == nil {
            if purpose == .unsigned {
                switch field {
                case .label:
                    remarks.append(
                        (
                            "Anybody can write a rule's name into a request, so it must also be known by a secret.",
                            .secondary
                        ))
                case .binding: remarks.append(("path, header NAME or from", .secondary))
                case .secret: remarks.append(("Give " + Self.wanted(kind.word), .secondary))
                }
            } else if field == .binding {
                remarks.append(("any, bucket:NAME or rule:NAME", .secondary))
            }
        }
        Prose.draw(remarks, from: first, on: &surface)
    }
}

// MARK: - Pasted text

/// Text from a paste, without leading and trailing white space.
struct PastedText {
    /// The text; nil if the paste is not UTF-8.
    let text: String?
    private let leftOut: Int

    init(_ bytes: [UInt8]) {
        guard let whole = String(validating: bytes, as: UTF8.self) else {
            text = nil
            leftOut = 0
            return
        }
        let trimmed = String(SigningSecret.trim(whole))
        text = trimmed
        leftOut = whole.unicodeScalars.count - trimmed.unicodeScalars.count
    }

    /// Whether it looks like a signing secret of B2.
    var looksLikeSecret: Bool {
        text.map { SigningSecret.looksUsual(Array($0.utf8)) } ?? false
    }

    /// A remark about the parts that were left out.
    var note: SafeText? {
        switch leftOut {
        case 0: nil
        case 1: "1 white-space character at the ends was left out."
        default: "\(leftOut) white-space characters at the ends were left out."
        }
    }
}
