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

    enum Field {
        case secret, label, binding
    }

    let purpose: Purpose
    private var fields: FormFields<Field>
    /// The message about the last paste or attempt.
    private(set) var message: (text: SafeText, role: Role)?
    /// Whether the draft was sent to the keyring and is not answered yet.
    private(set) var isWaiting = false

    init(_ purpose: Purpose, label: String, binding: SecretBinding = .any) {
        self.init(purpose, [.secret, .label, .binding], at: .secret, label, binding.description)
    }

    /// - Parameters:
    ///   - rule: The rule's name; empty to ask for it.
    ///   - kind: The kind of its proof: `path`, `header NAME` or `from`.
    init(unsigned rule: String, _ kind: String = "path") {
        self.init(
            .unsigned, [.label, .binding, .secret], at: rule.isEmpty ? .label : .secret, rule,
            kind.contains("address") ? "from" : kind)
    }

    private init(_ purpose: Purpose, _ order: [Field], at first: Field, _ label: String, _ binding: String) {
        self.purpose = purpose
        fields = FormFields(
            order, at: first,
            [.secret: LineEditor(isMasked: true), .label: LineEditor(label), .binding: LineEditor(binding)])
    }

    private func name(_ field: Field) -> SafeText {
        switch field {
        case .secret: purpose == .unsigned ? proofName : "Secret"
        case .label: purpose == .unsigned ? "Rule" : "Label"
        case .binding: purpose == .unsigned ? "Known by" : "Bound to"
        }
    }

    /// Returns what was typed into a field, without white space at its ends.
    private func text(_ field: Field) -> String { String(SigningSecret.trim(fields[field].text)) }

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
        let parts = text(.binding).split(separator: " ", maxSplits: 1).map(String.init)
        return ((parts.first ?? "").lowercased(), parts.count == 2 ? parts[1] : "")
    }

    mutating func moveField(by distance: Int) { fields.move(by: distance) }

    mutating func type(_ key: Key) {
        message = nil
        fields.type(key)
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
        fields.insert(text)
        message = paste.note.map { ($0, .notice) }
    }

    /// Returns the draft; or nil, with a message about what is missing.
    mutating func submit(held: KeyringSummary) -> SecretDraft? {
        guard !isWaiting else { return nil }
        let (value, label) = (text(.secret), text(.label))
        let others = held.secrets.map(\.label).filter { purpose != .replace($0) }
        if value.isEmpty {
            refuse("The field is empty: paste or type the signing secret.", at: .secret)
        } else if label.isEmpty {
            refuse("Give the secret a label, to distinguish it from others.", at: .label)
        } else if others.contains(label) {
            refuse("There is a secret with the label \(label) already.", at: .label)
        } else if let binding = SecretBinding(text(.binding)) {
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
        let (rule, value) = (text(.label), text(.secret))
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
        fields.current = field
        message = (text, .bad)
    }

    /// A warning about the typed secret, which is accepted all the same.
    private var doubt: SafeText? {
        let value = text(.secret)
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
        var fields = fields
        // Addresses are no secret.
        fields[.secret].isMasked = purpose != .unsigned || kind.word != "from"
        let (cursor, end) = fields.draw(title, columns: 52, lowest: 10, on: &surface, name: name)
        drawRemarks(from: end, on: &surface)
        return cursor
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
                let remark: SafeText =
                    switch fields.current {
                    case .label:
                        "Anybody can write a rule's name into a request, so it must also be known by a secret."
                    case .binding: "path, header NAME or from"
                    case .secret: "Give " + Self.wanted(kind.word)
                    }
                remarks.append((remark, .secondary))
            } else if fields.current == .binding {
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
