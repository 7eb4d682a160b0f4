import Base
import Receiving
import Terminal

/// The form for a rule of the account: to edit one, or to create one. A field that is left as it was changes nothing.
struct RuleForm: Overlay {
    static let layer = OverlayLayer.screen

    enum Field: Hashable {
        case bucket, name, target, types, prefix, batch
    }

    /// The rule that is edited; nil for a new one.
    private let rule: AccountRule?
    private var fields: FormFields<Field>
    /// The texts at the start.
    private let before: [Field: String]
    private var message: (text: SafeText, role: Role)?
    /// Whether the change is being planned.
    private(set) var isWaiting = false

    /// Creates the form of a rule.
    init(editing rule: AccountRule) {
        // A masked query cannot be edited: the field is empty then, and stays so to keep the target.
        self.init(
            rule, [.target, .types, .prefix, .batch],
            [
                .target: rule.isTargetMasked ? "" : rule.target, .types: rule.types, .prefix: rule.prefix,
                .batch: "\(rule.batch)",
            ])
    }

    /// Creates the form of a new rule.
    init(creatingIn bucket: String, target: String) {
        self.init(
            nil, [.name, .target, .types, .prefix, .batch, .bucket],
            [.bucket: bucket, .target: target, .types: "all", .batch: "1"])
    }

    private init(_ rule: AccountRule?, _ fields: [Field], _ texts: [Field: String]) {
        (self.rule, before) = (rule, texts)
        self.fields = FormFields(fields, at: fields[0], texts.mapValues { LineEditor($0) })
    }

    var context: BindingContext { .ruleForm }
    var tabTitle: String? { rule == nil ? "New rule" : "Edit rule" }

    // MARK: - Typing

    mutating func moveField(by distance: Int) { fields.move(by: distance) }

    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        message = nil
        fields.type(key)
        return true
    }

    mutating func paste(_ bytes: [UInt8], _ model: inout DashboardModel) -> Bool {
        guard let text = PastedText(bytes).text else {
            message = ("The paste is not UTF-8 and was dropped.", .warning)
            return true
        }
        fields.insert(text.split(whereSeparator: \.isNewline).joined(separator: " "))
        message = nil
        return true
    }

    private func text(_ field: Field) -> String {
        let text = fields[field].text
        // A prefix may begin or end with a blank.
        return field == .prefix ? text : text.filter { !$0.isWhitespace || field == .types }
    }

    /// Returns what was typed into a field; nil if it is as it was.
    private func changed(_ field: Field) -> String? {
        let text = text(field)
        return text == before[field] ?? "" ? nil : text
    }

    /// Returns the change that was typed; or nil, with a message about what is missing.
    mutating func submit() -> RuleChange? {
        guard !isWaiting else { return nil }
        var draft = RuleDraft(
            target: changed(.target), prefix: changed(.prefix), eventTypes: changed(.types), batch: changed(.batch))
        if let rule {
            if draft.target?.isEmpty == true { return refuse("Write the https URL that B2 sends to.", at: .target) }
            guard !draft.isEmpty else { return refuse("Nothing is different from the rule as it is.") }
            isWaiting = true
            return RuleChange(.edit(draft), rule.name, of: rule.bucket)
        }
        draft.target = text(.target)
        if text(.name).isEmpty {
            return refuse("Give the rule a name: 6 to 63 letters, digits and hyphens.", at: .name)
        }
        if text(.target).isEmpty { return refuse("Write the https URL that B2 sends to.", at: .target) }
        if text(.bucket).isEmpty { return refuse("Write the name of the bucket.", at: .bucket) }
        isWaiting = true
        return RuleChange(.create(draft), text(.name), of: text(.bucket))
    }

    /// Shows that the change cannot be made.
    mutating func failed(_ sentence: SafeText, _ role: Role) {
        isWaiting = false
        message = (sentence, role)
    }

    /// Accepts keys again.
    mutating func goOn() { isWaiting = false }

    /// - Parameter field: The field that gets the cursor; nil to leave it where it is.
    private mutating func refuse(_ text: SafeText, at field: Field? = nil) -> RuleChange? {
        if let field { fields.current = field }
        message = (text, .bad)
        return nil
    }

    // MARK: - Drawing

    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        let title: SafeText =
            rule.map { "Edit the rule \(SafeText(cell: $0.name)) of \(SafeText(cell: $0.bucket))" } ?? "Create a rule"
        let (cursor, end) = fields.draw(title, columns: 100, lowest: 12, on: &surface) { $0.title }
        let first: (text: SafeText, role: Role) =
            isWaiting ? ("Reading the rule…", .secondary) : message ?? (remark, .secondary)
        let note: SafeText = "Nothing is written yet: the difference is shown first, and asked about."
        Prose.draw([first, (note, .secondary)], from: end, on: &surface)
        return isWaiting ? nil : cursor
    }

    /// The explanation of the field with the cursor.
    private var remark: SafeText {
        switch fields.current {
        case .bucket: "The bucket's name."
        case .name: "6 to 63 letters, digits and hyphens. The rule gets a fresh signing secret, which is saved here."
        case .target where rule?.isTargetMasked == true:
            "\(rule?.target ?? "") has a query, which is not shown: leave the field empty to keep the target."
        case .target: "The https URL that B2 sends notifications to."
        case .types: "all, or types separated by commas, such as ObjectCreated:*, ObjectDeleted:Delete."
        case .prefix: "The beginning of objects' names; empty for all objects."
        case .batch: "The most events of one notification, 1 to 50."
        }
    }
}

extension RuleForm.Field {
    fileprivate var title: SafeText {
        switch self {
        case .bucket: "Bucket"
        case .name: "Name"
        case .target: "Target"
        case .types: "Types"
        case .prefix: "Prefix"
        case .batch: "Events"
        }
    }
}

// MARK: - Commands

extension BindingContext {
    static let ruleForm: BindingContext = .init(
        "rule-form", title: "Typing a rule", with: [.everywhere], takesText: true, occasion: "while a rule is typed")
}

extension Command {
    /// The commands of the form.
    static let ofRuleForm: [Command] = [
        Command("plan-rule", .enter, in: .ruleForm, "show the difference, and ask", footer: .narrow("show difference"))
        {
            $0.submitRule()
        },
        .nextField.also(in: .ruleForm, footer: .medium("next field"), run: { $0[RuleForm.self]?.moveField(by: 1) }),
        .previousField.also(in: .ruleForm, run: { $0[RuleForm.self]?.moveField(by: -1) }),
        .goBack.also(in: .ruleForm, "leave the form, and change nothing", footer: .narrow("leave")),
    ]
}
