import History
import Notifications
import TestSupport
import Testing

@Suite struct TallyTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: Kept.allCases)
    func countsDeliveriesByVerdictAndRows(kept: Kept) async throws {
        let history = try kept.open(folder)
        let verdicts: [SignatureVerdict] = [.valid, .valid, .invalid, .missing, .malformed, .unsupported, .unverified]
        for verdict in verdicts { #expect(await history.keep(.sample(ids: ["a", "b"], verdict))) }
        #expect(await history.keep(.sample(ids: [])))
        let request = JudgedDelivery(
            delivery: .sample(method: "GET"), judgement: Judgement(.unjudged), answer: .methodNotAllowed, events: [],
            generation: nil)
        #expect(await history.keep(request))

        let tally = history.current.tally
        #expect(SignatureVerdict.allCases.map { tally[$0] } == [3, 1, 1, 1, 1, 1, 1, 0])
        #expect(tally.notifications == 8)
        #expect(tally.rows == 16)
        #expect(try history.allRows.count == 16)
    }

    @Test(arguments: Kept.allCases)
    func countsTheMatchesOfEachSecret(kept: Kept) async throws {
        let history = try kept.open(folder)
        for label in ["one", "two", "one"] { #expect(await history.keep(.sample(.sample(), .valid, secret: label))) }
        #expect(await history.keep(.sample(.sample(), .invalid, secret: "two")))
        #expect(await history.keep(.sample(.sample(), .unverified)))
        #expect(try history.matches == ["one": 2, "two": 1])
        try history.rejudge(
            [(1, Judgement(.valid, secret: "three"))], generation: 2)
        #expect(try history.matches == ["one": 1, "two": 1, "three": 1])
    }

    @Test(arguments: Kept.allCases)
    func everyCommitIsTold(kept: Kept) async throws {
        let history = try kept.open(folder)
        let observer = Observer(history)
        for count in 1...5 {
            #expect(await history.keep(.sample(ids: ["a", "b", "c"])))
            let change = try #require(observer.changes.last)
            #expect(change == history.current)
            #expect(change.latestDelivery == Int64(count))
            #expect(change.latestRow == Int64(count) * 3)
            #expect(change.tally[.valid] == count)
            #expect(change.revision == 0)
        }
        #expect(observer.events.count == 5)
    }
}
