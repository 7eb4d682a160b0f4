import Base
import History
import Notifications
import Receiving
import Terminal

/// A line of the Secrets screen.
enum KeyringRow: Hashable {
    case current(SecretSummary)
    /// A rule that does not sign.
    case unsigned(UnsignedSummary)
    /// A secret that no longer verifies.
    case past(PastSecret)
}

extension KeyringSummary {
    var rows: [KeyringRow] {
        secrets.map(KeyringRow.current) + unsigned.map(KeyringRow.unsigned) + past.map(KeyringRow.past)
    }
}

/// The Secrets screen, opened with `s`: the current secrets, below them the rules that do not sign, and the past secrets.
struct KeyringScreen: Overlay {
    static let layer = OverlayLayer.screen

    /// The identity of the selected secret.
    private enum Selection: Hashable {
        case current(String)
        case unsigned(String)
        case past(SecretIdentity)

        init(_ row: KeyringRow) {
            self =
                switch row {
                case .current(let secret): .current(secret.label)
                case .unsigned(let rule): .unsigned(rule.rule)
                case .past(let secret): .past(secret.identity)
                }
        }
    }

    private var selection: Selection?
    var form: SecretForm?
    var reading = KeyringReading()

    var context: BindingContext { form == nil ? .keyring : .form }
    var tabTitle: String? { "Secrets" }
    var isModal: Bool { form != nil }
    var opening: Command { .replaceSecret }
    var deadline: ContinuousClock.Instant? { reading.deadline }

    /// Asks for the matches of the secrets, if they may have changed.
    mutating func ask(_ context: inout Context) {
        let isWaiting = context.questions.isWaiting("keyring", of: context.opening)
        guard reading.isDue(context.session.change, isWaiting: isWaiting, at: context.session.now) else { return }
        context.ask("keyring", of: Self.self, on: .listener) { outside, _ in
            try outside.ask(ReadKeyring())
        } then: { _, context, result in
            if case .success(let summary) = result { context.session.hold(summary) }
        }
    }

    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        form?.type(key)
        return form != nil
    }

    mutating func paste(_ bytes: [UInt8], _ model: inout DashboardModel) -> Bool {
        form?.paste(bytes)
        return form != nil
    }

    /// Closes the form, if it is open.
    mutating func stepBack() -> Bool {
        guard form != nil else { return true }
        form = nil
        return false
    }

    /// Returns the selected secret, or the first one.
    func selected(in keyring: KeyringSummary) -> KeyringRow? {
        let rows = keyring.rows
        return rows.first { Selection($0) == selection } ?? rows.first
    }

    /// Returns the selected secret if it is a current one.
    func selectedCurrent(in keyring: KeyringSummary) -> SecretSummary? {
        if case .current(let secret) = selected(in: keyring) { secret } else { nil }
    }

    mutating func move(_ motion: Motion, in keyring: KeyringSummary) {
        let rows = keyring.rows
        guard let current = selected(in: keyring), let index = rows.firstIndex(of: current) else { return }
        selection = Selection(rows[motion.index(from: index, of: rows.count)])
    }

    mutating func scroll(by lines: Int, _ session: Session) { move(lines < 0 ? .up : .down, in: session.keyring) }

    /// Selects the secret on a line; the titles are on the first line.
    mutating func select(line: Int, rows: Int, _ session: Session) -> Bool {
        let (shown, line) = (shown(session.keyring, rows: rows), line - 1)
        guard shown.indices.contains(shown.startIndex + line), line >= 0 else { return false }
        selection = Selection(shown[shown.startIndex + line])
        return true
    }

    /// Returns the visible secrets.
    private func shown(_ keyring: KeyringSummary, rows: Int) -> ArraySlice<KeyringRow> {
        let height = max(1, rows - 1)
        let all = keyring.rows
        let index = selected(in: keyring).flatMap { all.firstIndex(of: $0) } ?? 0
        return all.dropFirst(max(0, index - height + 1)).prefix(height)
    }

    mutating func select(_ label: String) {
        selection = .current(label)
    }

    mutating func select(unsigned rule: String) {
        selection = .unsigned(rule)
    }

    /// Opens the form for an additional secret, with an unused label.
    mutating func add(to keyring: KeyringSummary) {
        let taken = Set(keyring.secrets.map(\.label))
        let names = ["main"] + (2...(taken.count + 2)).map { "main-\($0)" }
        form = SecretForm(.add, label: names.first { !taken.contains($0) } ?? "")
    }

    mutating func replace(in keyring: KeyringSummary) {
        switch selected(in: keyring) {
        case .current(let secret):
            form = SecretForm(.replace(secret.label), label: secret.label, binding: secret.binding)
        case .unsigned(let rule): form = SecretForm(unsigned: rule.rule, rule.kind)
        case .past, nil: break
        }
    }

    /// Opens the form for a rule that does not sign.
    mutating func nameUnsigned() {
        form = SecretForm(unsigned: "")
    }

    // MARK: - Drawing

    private static let columns = Columns([
        Column("LABEL", minimum: 8, ideal: 16, weight: 1),
        Column("FINGERPRINT", minimum: 11),
        Column("BOUND TO", minimum: 10, ideal: 24, weight: 2, leaveOrder: 3),
        Column("MATCHES", minimum: 8, leaveOrder: 4, alignment: .right),
        Column("SAVED", minimum: 5, leaveOrder: 2),
        Column("FROM", minimum: 12, ideal: 20, weight: 1, leaveOrder: 1),
    ])

    /// Draws the secrets or the form, and returns the cursor's position.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        let keyring = model.session.keyring
        if let form { return form.draw(on: &surface) }
        guard !keyring.rows.isEmpty else {
            drawNone(model.bindings, on: &surface)
            return nil
        }
        let places = Self.columns.fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        let selected = selected(in: keyring)
        for (line, row) in shown(keyring, rows: surface.size.rows).enumerated() {
            draw(row, places, at: line + 1, on: &surface)
            if row == selected { ListRow.mark(row: line + 1, hasKeys: true, on: &surface) }
        }
        drawHint(below: keyring, on: &surface)
        return nil
    }

    private func draw(_ row: KeyringRow, _ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        let (cells, style) = Self.cells(row)
        for place in places {
            surface.put(
                place.fit(cells[place.index]), at: Point(column: ListRow.margin + place.start, row: line),
                columns: place.width, style: style)
        }
    }

    private static func cells(_ row: KeyringRow) -> ([SafeText], Style) {
        let removed = SafeText(SignatureVerdict.removed.glyph)
        switch row {
        case .current(let secret):
            return (
                [
                    (secret.isLeaked ? removed + " " : "") + "\(secret.label)", "\(secret.fingerprint)",
                    "\(secret.binding)", secret.matches.map { "\(Wording.grouped($0))" } ?? "",
                    secret.isRemembered ? "yes" : "no", "\(secret.source)",
                ], secret.isLeaked ? Style(.warning) : .plain
            )
        case .unsigned(let rule):
            return (
                [
                    "\(rule.rule)", "unsigned", "\(rule.kind)", "", rule.isSaved ? "yes" : "no", "\(rule.source)",
                ], Style(.notice)
            )
        case .past(let secret):
            let identity = secret.identity
            return (
                [
                    (secret.isLeaked ? removed + " " : "") + "\(identity.label)",
                    "\(identity.fingerprint?.short ?? "unknown")",
                    identity.fingerprint == nil ? "unknown" : "\(identity.binding)",
                    "\(Wording.grouped(secret.matches))",
                    "no", secret.isLeaked ? "was leaked" : "gone",
                ], Style(secret.isLeaked ? .warning : .secondary)
            )
        }
    }

    private func drawHint(below keyring: KeyringSummary, on surface: inout Surface) {
        var hints = ["A fingerprint is the first 4 hex digits of the secret's SHA-256."]
        switch selected(in: keyring) {
        case .current(let secret):
            if secret.isLeaked {
                hints.insert(
                    "\(secret.label) was deleted as leaked and is given again: what it verifies reads “valid, secret"
                        + " removed”. Paste it here if that was wrong.", at: 0)
            } else if secret.isUnsaved {
                hints.insert("\(secret.label) is in memory only: quitting asks whether to save it.", at: 0)
            }
            if !secret.isUsual {
                hints.insert("\(secret.label) is not 32 letters and digits, as B2's secrets are.", at: 0)
            }
        case .unsigned(let rule):
            hints.insert(
                "The rule \(rule.rule) does not sign. A request of it is known by its \(rule.kind): it reads “unsigned”, and never"
                    + " counts as valid.", at: 0)
            if !rule.isSaved, rule.source == "screen" {
                hints.insert("It is in memory only: there was no place to save it.", at: 1)
            }
        case .past(let secret):
            hints.insert(
                secret.isLeaked
                    ? "What \(secret.identity) verified reads “valid, secret removed”. Paste it again if that was wrong."
                    : "\(secret.identity) no longer verifies; its verdicts stay.", at: 0)
        case nil: break
        }
        if keyring.isEmpty {
            hints.insert("No current secret: new deliveries are unverified. Paste one here.", at: 0)
        }
        Self.draw(hints, from: keyring.rows.count + 2, on: &surface)
    }

    private func drawNone(_ bindings: Bindings, on surface: inout Surface) {
        surface.put("No secret.", at: Point(column: ListRow.margin, row: 0), style: Style(.heading))
        let hints = [
            "Without one, b2watch records deliveries as unverified.",
            "Backblaze's console shows the signing secret of a rule: Buckets, the bucket, Event Notifications, the rule."
                + " Copy it there and paste it here; \(bindings.name(of: .addSecret)) types it, or gives it a label.",
        ]
        Self.draw(hints, from: 2, on: &surface)
    }

    private static func draw(_ hints: [String], from first: Int, on surface: inout Surface) {
        Prose.draw(hints.map { (SafeText($0), .secondary) }, from: first, columns: 76, on: &surface)
    }
}

// MARK: - Reading

/// The schedule of questions for the matches of the secrets: whenever they may have changed, but only one question at a
/// time, and at most a few a second.
struct KeyringReading {
    static let pause = Duration.milliseconds(250)

    /// The time of a postponed question.
    private(set) var deadline: ContinuousClock.Instant?
    private var lastRead: ContinuousClock.Instant?
    /// The state of the history at the last question; nil if the next answer may differ in any case.
    private var asked: HistoryChange?

    /// Marks the last answer as out of date, whatever the state of the history.
    mutating func invalidate() {
        asked = nil
    }

    /// Returns whether to ask now.
    mutating func isDue(_ change: HistoryChange, isWaiting: Bool, at now: ContinuousClock.Instant) -> Bool {
        deadline = nil
        guard !isWaiting, asked != change else { return false }
        if asked != nil, let lastRead, now < lastRead + Self.pause {
            deadline = lastRead + Self.pause
            return false
        }
        asked = change
        lastRead = now
        return true
    }
}

// MARK: - Questions to the listener

extension DashboardModel {
    var keyring: KeyringScreen? {
        get { self[KeyringScreen.self] }
        set { self[KeyringScreen.self] = newValue }
    }

    /// Asks the listener something for which the user waits. An error is shown unless it is handled.
    private mutating func askListener<Request: ListenerRequest<ReceiverDesk>>(
        _ request: Request,
        then: @escaping @Sendable (inout DashboardModel, Request.Reply) -> Void = { _, _ in },
        failed: @escaping @Sendable (inout DashboardModel, SafeText) -> Void = { $0.session.tell($1, .bad) }
    ) {
        ask(on: .listener) { outside, _ in
            try outside.ask(request)
        } then: { model, result in
            switch result {
            case .success(let answer):
                if let keyring = answer as? KeyringSummary { model.session.hold(keyring) }
                model.keyring?.reading.invalidate()
                then(&model, answer)
            case .failure(let failure): failed(&model, "\(failure.sentence)")
            }
        }
    }

    fileprivate mutating func sendTest() {
        session.tell("Sending a test event…", .secondary)
        askListener(SendTestEvent()) { model, sentence in
            model.session.hasTested = true
            model.session.tell("Test event: \(sentence)", .good)
        } failed: { model, sentence in
            model.session.tell("Test event: " + sentence, .bad)
        }
    }

    mutating func reloadSecrets() {
        askListener(ReloadSecrets()) { model, keyring in
            let count = Wording.count(keyring.secrets.count, "is current", "are current")
            model.confirm("The secrets were read again: \(count).")
        }
    }

    /// Adds a secret to the current ones, or replaces one of them.
    mutating func hold(_ draft: SecretDraft, _ purpose: SecretForm.Purpose) {
        switch purpose {
        case .add, .unsigned: hold(draft, by: AddSecret(draft))
        case .replace(let label): hold(draft, by: ReplaceSecret(label, with: draft))
        }
    }

    private mutating func hold<Request: ListenerRequest<ReceiverDesk>>(_ draft: SecretDraft, by request: Request) {
        submit(request) { model, _ in
            model.keyring?.select(draft.label)
            model.confirm("The secret \(draft.label) is current now.")
        }
    }

    /// Asks for what the form describes. The form closes once it is done; if it fails, it shows the reason.
    private mutating func submit<Request: ListenerRequest<ReceiverDesk>>(
        _ request: Request, done: @escaping @Sendable (inout DashboardModel, Request.Reply) -> Void
    ) {
        askListener(request) { model, reply in
            if model.keyring?.form?.isWaiting == true { model.keyring?.form = nil }
            done(&model, reply)
        } failed: { model, sentence in
            if model.keyring?.form?.isWaiting == true {
                model.keyring?.form?.failed(sentence)
            } else {
                model.session.tell(sentence, .bad)
            }
        }
    }

    /// Names a rule as one that does not sign.
    mutating func nameUnsigned(_ draft: UnsignedDraft) {
        submit(NameUnsigned(draft)) { model, keyring in
            model.keyring?.select(unsigned: draft.rule)
            let isSaved = keyring.unsigned.first { $0.rule == draft.rule }?.isSaved ?? false
            model.session.tell(
                "What the rule \(draft.rule) brings reads “unsigned” now; it is"
                    + (isSaved ? " saved for the next start." : " not saved: there was no place to save it."), .good)
        }
    }

    /// Removes a rule from those that are named as ones that do not sign.
    mutating func forgetUnsigned(_ rule: String) {
        askListener(ForgetUnsigned(rule)) { model, _ in
            model.session.tell("The rule \(rule) is no longer named as one that does not sign.", .good)
        }
    }

    mutating func answerDeletion(wasLeaked: Bool) {
        guard !isDeaf else { return }
        switch question {
        case .delete(let secret, _):
            let label = secret.label
            askListener(ForgetSecret(label, wasLeaked: wasLeaked)) { model, _ in
                model.confirm(
                    "The secret \(label) is deleted"
                        + (wasLeaked ? ": what it verified reads “valid, secret removed”." : "; its verdicts stay."))
            }
        case .markLeaked(let secret) where wasLeaked:
            let identity = secret.identity
            askListener(MarkSecretLeaked(identity)) { model, _ in
                model.confirm("What \(identity) verified reads “valid, secret removed”.")
            }
        default: break
        }
        question = nil
        deafUntil = nil
    }

    /// Saves a secret for the next start.
    mutating func remember(_ label: String) {
        askListener(RememberSecret(label)) { model, place in
            model.session.tell("The secret \(label) is saved in \(place).", .good)
            if model.session.savingToQuit.remove(label) != nil, model.session.savingToQuit.isEmpty {
                model.request(.end(.quit))
            }
        } failed: { model, sentence in
            let isQuitting = !model.session.savingToQuit.isEmpty
            model.session.savingToQuit = []
            model.session.tell(
                isQuitting ? "b2watch keeps running, because the secret is not saved: " + sentence : sentence, .bad)
        }
    }

    /// Saves the secrets in memory. b2watch ends once all are saved.
    mutating func saveAndQuit() {
        guard !isDeaf, case .quitUnsaved(let labels, _, _, _) = question else { return }
        question = nil
        session.savingToQuit = Set(labels)
        for label in labels { remember(label) }
    }

    /// Cancels verifying again, or resumes it.
    mutating func cancelJudging() {
        guard let stage = session.judging?.stage else { return }
        if stage == .running { askListener(CancelJudging()) } else { askListener(ResumeJudging()) }
    }

    /// Shows that the keyring was changed, unless the result of verifying again is already on the screen.
    private mutating func confirm(_ text: SafeText) {
        if session.notice?.kind != .rejudged { session.tell(text, .good) }
    }
}

// MARK: - Commands

extension BindingContext {
    static let keyring: BindingContext = .init(
        "keyring", title: "Secrets", with: [.views, .everywhere], about: "The signing secrets that verify deliveries",
        way: .showKeyring)
    static let form: BindingContext = .init(
        "form", title: "Typing a secret", with: [.everywhere], takesText: true, occasion: "while a secret is typed",
        begin: .addSecret)
}

extension Command {
    static let showKeyring = Command(
        "show-keyring", "s", in: .views, "signing secrets", footer: .narrow("secret"),
        plain: .line("secret list", asks: "secret add LABEL"),
        unavailable: { $0.keyring == nil || $0.help != nil ? isAway($0) : "The secrets are here." },
        run: { model in
            model.help = nil
            if model.keyring == nil { model.keyring = KeyringScreen() }
        })
    static let sendTest: Command = Command(
        "send-test", "t", in: .views, "send yourself a signed test event", footer: .narrow("test"),
        plain: .same(
            PlainWord(
                "test", syntax: "[NAME]", "sends a signed test event; of an action, finds out whether it would work"
            ) { $1.text.isEmpty ? $0.perform(sendTest) : $0.test($1) }),
        unavailable: { model in
            isAway(model) ?? (model.session.url == nil ? "Nothing listens yet, so a test event cannot be sent." : nil)
        }
    ) { $0.sendTest() }
    static let addSecret = Command(
        "add-secret", "a", in: .keyring, "add a secret", footer: .narrow("add"),
        plain: .hint(
            "secret add LABEL",
            PlainWord(
                "secret", also: ["secrets"],
                syntax:
                    "list|add LABEL [BINDING]|replace LABEL|forget LABEL|remember LABEL|unsigned RULE [KIND]|reload",
                "signing secrets; the secret itself is asked for on a line of its own, which is not shown"
            ) { $0.secret($1) }), unavailable: isAway
    ) { model in model.changeKeyring { $0.add(to: $1) } }
    static let replaceSecret = Command(
        "replace-secret", "r", .enter, in: .keyring,
        "replace the selected secret, or the proof of a rule that does not sign",
        footer: .medium("replace"),
        plain: .hint("secret replace LABEL"), unavailable: selectsPast
    ) { model in model.changeKeyring { $0.replace(in: $1) } }
    static let nameUnsigned = Command(
        "name-unsigned", "n", in: .keyring, "name a rule that does not sign, and what its requests are known by",
        footer: .wide("unsigned"), plain: .hint("secret unsigned RULE"), unavailable: isAway
    ) { model in model.changeKeyring { screen, _ in screen.nameUnsigned() } }
    static let forgetSecret = Command(
        "forget-secret", "f", in: .keyring, "delete the selected secret, as rotated or as leaked",
        footer: .medium("delete"), changesSelected: true, plain: .hint("secret forget LABEL"), unavailable: selectsNone
    ) { $0.askToDelete($0.keyring?.selected(in: $0.session.keyring)) }
    static let reloadSecrets = Command(
        "reload-secrets", "R", in: .keyring, "read the files and other sources of secrets again",
        footer: .wide("reload"), plain: .same(), unavailable: isAway,
        run: { model in
            model.session.tell("Reading the secrets again…", .secondary)
            model.reloadSecrets()
        })

    static let nextField = Command(
        "next-field", .tab, .down, in: .form, "next field", footer: .medium("next field")
    ) { $0.keyring?.form?.moveField(by: 1) }
    static let previousField = Command("previous-field", .backTab, .up, in: .form, "previous field") {
        $0.keyring?.form?.moveField(by: -1)
    }

    /// The commands of the Secrets screen and of its form, and the command that sends a test event signed by a secret.
    static let ofKeyring: [Command] =
        [showKeyring, sendTest]
        + Motion.commands(in: .keyring) { model, motion in model.changeKeyring { $0.move(motion, in: $1) } }
        + [
            addSecret, replaceSecret, nameUnsigned, forgetSecret,
            Command(
                "remember-secret", "m", in: .keyring, "save the selected secret for the next start",
                footer: .medium("save"), plain: .hint("secret remember LABEL"), unavailable: selectsPast
            ) { model in
                if case .unsigned = model.keyring?.selected(in: model.session.keyring) {
                    model.session.tell("A rule that does not sign is saved when it is named.", .notice)
                } else {
                    model.askToSave(model.keyring?.selectedCurrent(in: model.session.keyring))
                }
            },
            reloadSecrets,
            Command("submit", .enter, in: .form, "use this secret", footer: .narrow("use"), unavailable: isAway) {
                $0.submitSecret()
            },
            nextField, previousField,
            .goBack.also(in: .form, "leave the form", footer: .narrow("leave")),
        ]

    /// The reason why the listener of an attached dashboard cannot be reached; nil if it can.
    private static let isAway: @Sendable (DashboardModel) -> String? = { $0.session.absence?.reason }

    private static let selectsNone: @Sendable (DashboardModel) -> String? = { model in
        isAway(model)
            ?? (model.keyring?.selected(in: model.session.keyring) == nil
                ? "No secret: \(model.bindings.name(of: .addSecret)) adds one." : nil)
    }

    private static let selectsPast: @Sendable (DashboardModel) -> String? = { model in
        if let reason = selectsNone(model) { return reason }
        if case .unsigned(let rule) = model.keyring?.selected(in: model.session.keyring), rule.source != "screen" {
            return "This rule is named by \(rule.source == "file" ? "--unsigned-rule" : "b2watch connect")."
        }
        guard case .past = model.keyring?.selected(in: model.session.keyring) else { return nil }
        return "This secret is deleted: paste it, or \(model.bindings.name(of: .addSecret)) types it."
    }
}

extension DashboardModel {
    fileprivate mutating func changeKeyring(_ change: (inout KeyringScreen, KeyringSummary) -> Void) {
        guard var screen = keyring else { return }
        change(&screen, session.keyring)
        keyring = screen
    }

    /// Asks whether to delete a secret, or whether one that was already deleted has leaked.
    mutating func askToDelete(_ row: KeyringRow?) {
        switch row {
        case .current(let secret): question = .delete(secret, isLast: session.keyring.secrets.count == 1)
        case .past(let secret) where secret.isLeaked:
            session.tell("\(secret.identity) is deleted as leaked already.", .notice)
        case .past(let secret): question = .markLeaked(secret)
        case .unsigned(let rule) where rule.source == "screen": question = .forgetUnsigned(rule.rule)
        case .unsigned(let rule):
            session.tell(
                rule.source == "file"
                    ? "The rule \(rule.rule) is named by --unsigned-rule: start b2watch without that."
                    : "The rule \(rule.rule) is that of b2watch connect, which removes it at its end.", .notice)
        case nil: break
        }
    }

    /// Asks whether to save a secret.
    mutating func askToSave(_ secret: SecretSummary?) {
        guard let secret else { return }
        if secret.isRemembered {
            session.tell("The secret \(secret.label) is saved already.", .notice)
        } else {
            question = .remember(secret.label, file: session.secretsFile)
        }
    }

    fileprivate mutating func submitSecret() {
        let current = session.keyring
        if keyring?.form?.purpose == .unsigned {
            if let draft = keyring?.form?.submitUnsigned() { nameUnsigned(draft) }
            return
        }
        guard let purpose = keyring?.form?.purpose, let draft = keyring?.form?.submit(held: current) else { return }
        hold(draft, purpose)
    }
}
