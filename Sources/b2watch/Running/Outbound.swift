import Actions
import Foundation
import Listener
import Outgoing
import Synchronization

/// How this process sends requests.
final class Outbound: Sendable {
    /// For actions: never to b2watch itself.
    let forActions: OutgoingClient
    /// For what a person sends again: to b2watch itself too.
    let forReplays: OutgoingClient
    private let own: OwnAddresses

    /// The addresses that this process listens at.
    private final class OwnAddresses: Sendable {
        let all = Mutex<[OwnAddress]>([])
    }

    init() {
        let proxies = ProxyRules(environment: ProcessInfo.processInfo.environment)
        let own = OwnAddresses()
        self.own = own
        forActions = OutgoingClient(OutgoingPolicy(own: { own.all.withLock(\.self) }, proxies: proxies))
        forReplays = OutgoingClient(OutgoingPolicy(allowsOwnAddress: true, proxies: proxies))
    }

    /// What actions are made with.
    var surroundings: ActionSurroundings { ProcessEnvironment.surroundings(forActions) }

    /// Has actions send nothing to the listener of this process: each answer would be another event.
    func refuse(_ address: ListenAddress) {
        own.all.withLock { $0 = [OwnAddress(host: address.host, port: address.port)] }
    }

    /// Ends what a person has sent again: what is under way for an action is waited for, and not for that. Blocks.
    func endReplays() {
        forReplays.shutdown()
    }

    /// Ends what is being sent. Blocks.
    func shutdown() {
        forActions.shutdown()
        forReplays.shutdown()
    }
}
