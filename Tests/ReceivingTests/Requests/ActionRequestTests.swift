import Actions
import History
import Testing

@testable import Receiving

/// The lines of requests about actions, which a b2watch of another version must understand.
@Suite struct ActionRequestTests {
    @Test(
        arguments: [
            (PauseAction("a", isPaused: true), #"{"action":"a","isPaused":true}"#, "pauseAction"),
            (RunAction("a", rows: [1, 2]), #"{"action":"a","rows":[1,2]}"#, "runAction"),
            (ReconcileVersions("a", [], seen: 7), #"{"action":"a","seen":7,"versions":[]}"#, "reconcileVersions"),
            (RetryEntries([3]), #"{"entries":[3]}"#, "retryEntries"),
            (RetryAction("a", in: [.dead]), #"{"action":"a","states":[4]}"#, "retryAction"),
            (SkipEntries([4]), #"{"entries":[4]}"#, "skipEntries"),
            (SkipAction("a", in: [.dead]), #"{"action":"a","states":[4]}"#, "skipAction"),
            (ActionStates(), "{}", "actionStates"),
            (PreviewAction("a", rows: [5]), #"{"action":"a","rows":[5]}"#, "previewAction"),
            (TestAction("a"), #"{"action":"a"}"#, "testAction"),
            (FindMissedRows("a", in: .newest), #"{"action":"a","reach":"newest"}"#, "missedRows"),
            (ActionNames(), "{}", "actionNames"),
        ] as [(any ListenerRequest<ActionRunner>, String, String)])
    func linesStayTheSame(request: any ListenerRequest<ActionRunner>, body: String, name: String) throws {
        #expect(try Self.line(of: request) == #"{"body":\#(body),"id":1,"request":"\#(name)"}"# + "\n")
    }

    @Test func everyRequestIsInTheList() {
        #expect(Set(ActionRequests.all.map { $0.name }).count == 12)
    }

    private static func line(of request: some ListenerRequest) throws -> String {
        let line = RequestLine(id: 1, request: type(of: request).name, body: request)
        return String(decoding: try line.controlLine(), as: UTF8.self)
    }
}
