import Base
import History
import Receiving
import Notifications
import Synchronization
import TestSupport
import Testing

@Suite("The addresses from which requests are taken")
struct CallerListTests {
    private final class Warnings: Sendable {
        let all = Mutex<[String]>([])
    }

    private func delivery(from address: String, signedWith secret: SigningSecret? = nil) -> Delivery {
        var delivery = secret.map { Delivery.sample(signedWith: $0) } ?? .sample()
        delivery.remoteAddress = address
        return delivery
    }

    private func rig(_ warnings: Warnings) async throws -> (rig: Rig, intake: Intake) {
        let rig = try await Rig([.sample()])
        let list = AddressList([try #require(IPNetwork("203.0.113.0/24"))])
        let callers = CallerList(list) { text in warnings.all.withLock { $0.append(text) } }
        return (rig, Intake(rig.history, keys: rig.keys, callers: callers))
    }

    @Test("Others are answered 403, and nothing of them is recorded")
    func others() async throws {
        let warnings = Warnings()
        let (rig, intake) = try await rig(warnings)
        #expect(await intake.answer(delivery(from: "203.0.113.9", signedWith: .sample())) == .accepted)
        for address in ["198.51.100.1", "unknown", "::1"] {
            #expect(await intake.answer(delivery(from: address)) == .forbidden)
            #expect(await intake.answer(delivery(from: address), as: .wrongMethod) == .forbidden)
            #expect(await intake.answer(delivery(from: address), as: .wrongPath) == .forbidden)
        }
        #expect(await intake.answer(delivery(from: "203.0.113.9"), as: .wrongPath) == .notFound)
        #expect(rig.history.current.latestDelivery == 1)
        #expect(warnings.all.withLock(\.self).isEmpty)
    }

    @Test("A request of theirs that is signed correctly raises a warning, and not one for each")
    func signed() async throws {
        let warnings = Warnings()
        let (rig, intake) = try await rig(warnings)
        for _ in 1...3 {
            #expect(await intake.answer(delivery(from: "198.51.100.1", signedWith: .sample())) == .forbidden)
        }
        #expect(rig.history.current.latestDelivery == 0)
        let texts = warnings.all.withLock(\.self)
        #expect(texts.count == 1)
        #expect(texts.first?.contains("REFUSED A SIGNED NOTIFICATION from 198.51.100.1") == true)
        #expect(texts.first?.contains("add the address to --allow-from") == true)
    }

    @Test("If all requests come from this machine, the warning names the proxy")
    func tunnel() async throws {
        let warnings = Warnings()
        let (_, intake) = try await rig(warnings)
        #expect(await intake.answer(delivery(from: "127.0.0.1", signedWith: .sample())) == .forbidden)
        #expect(warnings.all.withLock(\.self).first?.contains("name that in --trust-proxy") == true)
    }

    @Test("A test event of this process is taken from anywhere: nobody else has its secret")
    func own() async throws {
        let warnings = Warnings()
        let (rig, intake) = try await rig(warnings)
        let own = rig.keys.selfTest
        guard case .rule(let name) = own.binding else {
            Issue.record("its secret is bound to a rule")
            return
        }
        let event = SampleEvent.test().with("matchedRuleName", json: "\"\(name)\"")
        var delivery = Delivery.sample([event], signedWith: own)
        delivery.remoteAddress = "198.51.100.1"
        #expect(await intake.answer(delivery) == .accepted)
        #expect(warnings.all.withLock(\.self).isEmpty)
    }
}
