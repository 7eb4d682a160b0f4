import History
import Terminal
import Workers

/// Does what the model asks for, off the screen's thread, and posts what becomes of it.
///
/// Rows, documents and the listener have a worker each: a body of a mebibyte that is being laid out keeps no row
/// waiting.
struct EffectRunner: Sendable {
    private let reader: HistoryReader
    private let control: any ListenerControl
    private let documents: DocumentBuilder
    private let mailbox: Mailbox<DashboardMessage>
    private let rowWorker = Worker("b2watch-rows")
    private let documentWorker = Worker("b2watch-detail")
    private let controlWorker = Worker("b2watch-control")

    init(_ environment: DashboardEnvironment, mailbox: Mailbox<DashboardMessage>) {
        reader = environment.reader
        control = environment.control
        documents = DocumentBuilder(
            reader: environment.reader, control: environment.control, clock: environment.clock)
        self.mailbox = mailbox
    }

    func read(_ ticket: RowReading.Ticket) {
        rowWorker.async {
            let result = Result { try reader.rows(ticket.request) }.mapError(EffectFailure.init)
            post(.rowsRead(result, generation: ticket.generation))
        }
    }

    func build(_ request: DocumentRequest) {
        documentWorker.async { post(.documentBuilt(documents.build(request))) }
    }

    func readKeyring() {
        // In one line with the changes of the keyring, so that no old answer comes after a newer one.
        controlWorker.async { post(.keyringRead(Result { try control.keyring() }.mapError(EffectFailure.init))) }
    }

    func call(_ call: ControlCall) {
        controlWorker.async {
            let result = Result { try answer(to: call) }.mapError(EffectFailure.init)
            post(.controlEnded(call, result))
        }
    }

    private func answer(to call: ControlCall) throws -> ControlOutcome {
        switch call {
        case .addSecret(let draft): .keyring(try control.addSecret(draft))
        case .replaceSecret(let label, let draft): .keyring(try control.replaceSecret(label, with: draft))
        case .forgetSecret(let label): .keyring(try control.forgetSecret(label))
        case .rememberSecret(let label): .said(try control.rememberSecret(label))
        case .sendTestEvent: .said(try control.sendTestEvent())
        }
    }

    private func post(_ event: DashboardEvent) {
        mailbox.post(DashboardMessage(event))
    }
}
