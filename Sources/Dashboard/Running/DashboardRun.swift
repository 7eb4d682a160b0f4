import Terminal

/// One run of the dashboard, on the screen's thread: waits, tells the model, does what it asks, draws.
struct DashboardRun {
    private let dashboard: Dashboard
    private let screen: Screen
    private let runner: EffectRunner
    private var model: DashboardModel
    private var pacer = FramePacer()
    /// Whether the listener's figures may have changed since they were asked for.
    private var isToMeasure = true

    init(_ dashboard: Dashboard, on screen: Screen) {
        self.dashboard = dashboard
        self.screen = screen
        let environment = dashboard.environment
        runner = EffectRunner(environment, mailbox: dashboard.mailbox)
        model = DashboardModel(
            Session(
                size: screen.size, now: .now, change: environment.change, keyring: environment.keyring,
                listening: environment.listening, secretsFile: environment.secretsFile,
                isAttached: environment.isAttached, clock: environment.clock, viewState: environment.viewState,
                wallTime: .now), settings: environment.settings)
        model.bindings = Bindings(environment.settings.keys)
        model.session.canAct = environment.actions != nil
        model.session.isInMemory = environment.isInMemory
    }

    mutating func run() -> DashboardEnding {
        defer { runner.end() }
        let loop = TerminalLoop()
        if let ending = tell(.tick) { return ending }
        while true {
            if pacer.isDue(at: .now) { draw() }
            let midnight = model.session.nextMidnight
            let deadline = [model.deadline, pacer.deadline, midnight].compactMap(\.self).min()
            let wake = loop.wait(screen, dashboard.mailbox, until: deadline)
            // What was of today has a date from then on.
            if wake.contains(.deadline), let midnight, midnight <= .now {
                pacer.noteChange(isAnswer: false, at: .now)
                if let ending = tell(.tick) { return ending }
            }
            if let ending = handle(wake) { return ending }
        }
    }

    private mutating func handle(_ wake: Wake) -> DashboardEnding? {
        if wake.contains(.continued) { screen.redraw() }
        if wake.contains(.stopAsked), let ending = take(.key(.control("z"))) { return ending }
        if wake.contains(.input) {
            for input in screen.readInput() {
                if let ending = take(input) { return ending }
            }
        }
        if wake.contains(.hangUp) { return .hangUp }
        if wake.contains(.mail) {
            for message in dashboard.mailbox.drain() {
                if let ending = take(message) { return ending }
            }
        }
        if wake.contains(.deadline), model.deadline.map({ $0 <= .now }) ?? false {
            isToMeasure = true
            pacer.noteChange(isAnswer: false, at: .now)
            return tell(.tick)
        }
        return nil
    }

    private mutating func take(_ input: Input) -> DashboardEnding? {
        pacer.noteInput(at: .now)
        return tell(.input(input))
    }

    private mutating func take(_ message: DashboardMessage) -> DashboardEnding? {
        var event = message.event
        var isAnswer = false
        switch event {
        case .historyMoved:
            guard let change = dashboard.takeAnnounced() else { return nil }
            event = .historyChanged(change)
            isToMeasure = true
        case .historyChanged: isToMeasure = true
        case .browseMoved:
            guard let progress = runner.progress.take() else { return nil }
            event = .browsed(progress)
        case .logMoved: dashboard.takeLogMove()
        case .actionsRead, .entriesRead, .entryRead, .actionAnswered, .acted: isAnswer = true
        case .rowsRead, .valuesRead, .deliveriesRead, .otherDeliveryFound, .logRead, .pulseRead, .sought,
            .documentBuilt, .copied,
            .keyringRead, .settingsRead, .exported, .controlEnded:
            isAnswer = true
        default: break
        }
        pacer.noteChange(isAnswer: isAnswer, at: .now)
        return tell(event)
    }

    private mutating func tell(_ event: DashboardEvent) -> DashboardEnding? {
        for effect in model.update(event, at: .now) where !runner.carryOut(effect) {
            switch effect {
            case .sendToTerminal(let bytes): _ = screen.copy(bytes)
            case .reloadSettings: runner.reloadSettings()
            case .use(let theme): screen.use(theme)
            case .ring: screen.ring()
            case .suspend: screen.suspend()
            case .redraw: screen.redraw()
            case .end(let ending): return ending
            default: break
            }
        }
        return nil
    }

    private mutating func draw() {
        if isToMeasure {
            isToMeasure = false
            let control = dashboard.environment.control
            _ = tell(
                .measured(control.answerTimes(), hasReceivedFromElsewhere: control.hasReceivedFromElsewhere()))
        }
        var surface = Surface(size: screen.size)
        let cursor = model.draw(on: &surface)
        screen.present(surface, cursor: cursor)
        pacer.drew(at: .now)
    }
}
