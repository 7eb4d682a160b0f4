import TestSupport

/// A webhook that receives requests and answers nothing until it is released.
final class HeldService: FakeService {
    private let gate = Gate()
    private let requests = Watched(0)
    private let arrival = AsyncStream.makeStream(of: Void.self)

    func reply(to request: FakeRequest) -> FakeReply {
        requests.change { $0 += 1 }
        arrival.continuation.yield()
        gate.wait()
        return .lost
    }

    /// Waits for the first request. Blocks.
    func waitForRequest() throws {
        _ = try requests.require("a request") { $0 > 0 ? true : nil }
    }

    /// Waits for the first request, without a thread.
    func hasRequest() async {
        for await _ in arrival.stream { return }
    }

    func release() {
        gate.open()
        arrival.continuation.finish()
    }
}
