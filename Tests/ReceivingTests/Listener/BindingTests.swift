import Base
import Notifications
import Receiving
import Testing
import TestSupport

@Suite(.blocking) struct BindingTests {
    private func start(at address: ListenAddress) throws(ListenerError) -> Listener {
        let configuration = ListenerConfiguration(address: address, clock: { Timestamp(milliseconds: 0) })
        return try Listener.start(configuration, receiver: TestReceiver(), log: { _ in })
    }

    @Test func namesAnAddressInUse() throws {
        try withListener { server in
            let address = server.listener.address
            #expect(address.port > 0)
            #expect(address.description == "127.0.0.1:\(address.port)")
            let error = #expect(throws: ListenerError.inUse(address)) { try start(at: address) }
            #expect(
                error?.description
                    == "another program listens on \(address): stop it, or choose another address"
                    + " with --listen HOST:PORT (port 0 takes a free one)")
        }
    }

    @Test func namesAnAddressOfAnother() throws {
        let address = try ListenAddress("203.0.113.1:0")
        let error = #expect(throws: ListenerError.notOfThisMachine(address)) { try start(at: address) }
        #expect(error?.description.contains("203.0.113.1 is not an address of this machine") == true)
    }

    @Test func namesANameWithoutAddress() throws {
        let address = try ListenAddress("nowhere.invalid:0")
        let error = #expect(throws: ListenerError.unresolved(address)) { try start(at: address) }
        #expect(error?.description.contains("“nowhere.invalid”") == true)
    }

    @Test func takesAName() throws {
        try withListener(at: "localhost:0") { server in
            #expect(server.listener.address.isLoopback)
            let client = try server.client()
            try client.send(post())
            #expect(try client.response() == ok)
        }
    }

    @Test func suggestsAHigherPort() throws {
        let error = ListenerError.notPermitted(try ListenAddress("127.0.0.1:80"))
        #expect(error.description.hasSuffix("choose a higher one, such as 127.0.0.1:8080"))
    }

    /// Requests sent before it accepts are answered when it does: the port is reserved, and nobody is refused.
    @Test func bindsBeforeItAccepts() throws {
        let configuration = ListenerConfiguration(
            address: try ListenAddress("127.0.0.1:0"), clock: { Timestamp(milliseconds: 0) })
        let listener = try Listener.bind(configuration, log: { _ in })
        #expect(throws: ListenerError.inUse(listener.address)) { try start(at: listener.address) }
        let client = try RawClient(host: listener.address.host, port: listener.address.port)
        try client.send(post())
        try listener.accept(for: TestReceiver())
        #expect(try client.response() == ok)
        listener.stop(within: .seconds(1))

        // A listener that never accepts releases the port too.
        let unused = try Listener.bind(configuration, log: { _ in })
        unused.stop(within: .zero)
        try start(at: unused.address).stop(within: .seconds(1))
    }

    @Test func freesItsPort() throws {
        let first = try start(at: try ListenAddress("127.0.0.1:0"))
        first.stop(within: .seconds(1))
        let second = try start(at: first.address)
        second.stop(within: .seconds(1))
        second.stop(within: .seconds(1))
    }
}
