import Export
import History
import SafeText
import Terminal

extension DashboardModel {
    /// Opens the menu, chooses from it, or closes it; nil for commands that are not of it.
    mutating func performCopying(_ command: Command) -> [Effect] {
        switch command {
        case .copy: copying = menu(.masked)
        case .copyAsReceived: copying = menu(.asReceived)
        case .copyBody: return copy(.body)
        case .copyHeaders: return copy(.headers)
        case .copyRequest: return copy(.request)
        case .copyCurl: return copy(.curl)
        case .copySignature: return copy(.signature)
        case .copyEventId: return copy(.eventID)
        case .copyValue: return copy(copying.map { .value($0.value) })
        default: break
        }
        return []
    }

    /// Takes what was fetched.
    mutating func take(_ result: Result<Copied, EffectFailure>) -> [Effect] {
        switch result {
        case .success(let copied):
            session.tell("\(copied.sentence(asReceived: bindings.name(of: .copyAsReceived)))", .good)
            return if case .terminal(let bytes) = copied.place { [.sendToTerminal(bytes)] } else { [] }
        case .failure(let failure):
            session.tell("\(failure.sentence)", .notice)
            return []
        }
    }

    private mutating func copy(_ subject: CopyRequest.Subject?) -> [Effect] {
        guard let menu = copying, let subject else { return [] }
        copying = nil
        return [
            .copy(
                CopyRequest(
                    deliveryID: menu.deliveryID, position: menu.position, subject: subject, policy: menu.policy,
                    rows: menu.rows, listener: session.url))
        ]
    }

    /// The menu for what is seen now: rows that come while it is open change nothing. In the lists it is for all rows
    /// selected, in the detail for what is shown there.
    private func menu(_ policy: Masking) -> CopyMenu? {
        if detail.hasKeys, let shown = detail.document?.request {
            return CopyMenu(policy: policy, deliveryID: shown.deliveryID, position: shown.position, value: valueAtHand)
        }
        return selectedRow.map { row in
            let chosen = view.showsRows ? selectedRows : nil
            return CopyMenu(
                policy: policy, deliveryID: row.deliveryID, position: row.position, value: .object,
                rows: chosen?.0, words: chosen?.words)
        }
    }

    /// The value under the cursor of the pane; where there is none, the object's name.
    private var valueAtHand: CopyRequest.Value {
        guard let source = detail.cursorSource else { return .object }
        return detail.tab == .headers ? .header(source) : .json(line: source)
    }
}
