import Actions
import Listener
import Outgoing

/// How this process sends requests.
struct Outbound: Sendable {
    /// For actions: never to b2watch itself.
    let forActions: any HTTPSending = NoHTTP()
    /// For what a person sends again: to b2watch itself too.
    let forReplays: any HTTPSending = NoHTTP()

    /// What actions are made with.
    var surroundings: ActionSurroundings { ProcessEnvironment.surroundings(forActions) }

    /// Has actions send nothing to the listener of this process: each answer would be another event.
    func refuse(_ address: ListenAddress, path: String) {}
}
