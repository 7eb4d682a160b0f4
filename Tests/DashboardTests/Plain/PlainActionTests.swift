import History
import Notifications
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("By lines, actions")
struct PlainActionTests {
    private func hearer(_ actions: [ListedAction], entries: [OutboxRow] = []) -> Hearer {
        var hearer = Hearer(5)
        hearer.plain.model.session.canAct = true
        hearer.user.actions = actions
        hearer.user.entries = entries
        hearer.outboxMoves()
        return hearer
    }

    private static let rows = Make.action("rows", [.done: 3, .failed: 2], reason: "no answer", due: 90_000)

    @Test("are told with how they stand, and how to declare one where there is none")
    func actions() {
        var hearer = hearer([Self.rows])
        #expect(
            hearer.type("actions") == [
                "rows, csv, retry in 2 min, 3 done, 2 failed, last error: no answer"
            ])
        hearer = self.hearer([])
        #expect(hearer.type("actions").count == 1 + ActionsScreen.example.count)
        #expect(hearer.type("run rows") == ["No actions are declared: actions shows how."])
    }

    @Test("entries by name and state, and one with its request and answer")
    func entries() {
        var hearer = hearer(
            [Self.rows], entries: [Make.entry(1), Make.entry(2, .failed, due: 90_000, reason: "no answer")])
        hearer.user.exchanges[2] = Make.exchange
        #expect(hearer.type("entries rows").count == 2)
        let failed = hearer.type("entries rows failed 5")
        #expect(failed.count == 1 && failed[0].hasPrefix("2: 16:43:02 failed, photos/2026/cat-2.jpg, delivery 2"))
        #expect(failed[0].hasSuffix(", next try in 2 min, no answer"))
        hearer.user.entries = [Make.entry(3, .failed, due: 7_200_000), Make.entry(4, .failed, due: 1_000)]
        let tries = hearer.type("entries rows failed 5")
        #expect(tries.contains { $0.hasSuffix(", next try at 18:43") })
        #expect(tries.contains { $0.hasSuffix(", next try due") })
        hearer.user.entries = [Make.entry(2, .failed, due: 90_000, reason: "no answer")]
        #expect(hearer.type("entries other") == ["Unknown action other: rows."])
        let entry = hearer.type("entry 2")
        #expect(entry.contains { $0.hasSuffix("503 Service Unavailable") } && entry.contains("Authorization: ***"))
        #expect(hearer.type("entry 9") == ["This entry is no longer recorded."])
    }

    @Test("run for the current event, and for many after a question")
    func running() {
        var hearer = hearer([Self.rows])
        hearer.user.outcome = { request in
            request.isCount ? .counted(ActCount(events: 5, deliveries: 5)) : .done(ActReport(changed: 5))
        }
        _ = hearer.type("skip rows")
        #expect(hearer.user.acts.map(\.deed) == [.skip("rows")])
        _ = hearer.type("select-all")
        #expect(hearer.type("run rows").last == "Run “rows” for 5 events? Type yes or no.")
        _ = hearer.type("yes")
        #expect(hearer.user.acts.last?.deed == .run("rows") && hearer.user.acts.last?.isCount == false)
        _ = hearer.type("replay http://127.0.0.1:9000/")
        #expect(hearer.user.acts.last?.deed == .replay(to: "http://127.0.0.1:9000/"))
        #expect(hearer.type("no") == ["Nothing was done."])
        #expect(hearer.type("replay nowhere").first?.hasPrefix("Write a URL") == true)
    }

    @Test("retry by entry or by name, pause and resume")
    func byEntryOrName() {
        var hearer = hearer([Self.rows])
        _ = hearer.type("retry 7")
        _ = hearer.type("skip 8")
        _ = hearer.type("pause rows")
        _ = hearer.type("resume rows")
        #expect(hearer.type("retry rows") == ["Retry “rows” for all 2 entries that failed? Type yes or no."])
        _ = hearer.type("yes")
        #expect(
            hearer.user.actionCalls
                == calls(
                    RetryEntries([7]), SkipEntries([8]), PauseAction("rows", isPaused: true),
                    PauseAction("rows", isPaused: false), RetryAction("rows", in: [.failed, .dead, .onHold])))
        hearer.user.preview = { _ in DryRun(text: Array("text=cat".utf8)) }
        #expect(hearer.type("preview rows").contains("text=cat"))
    }

    @Test("are told with each event, in a word")
    func events() {
        var hearer = hearer([Self.rows])
        var row = Make.row(6)
        row.actions = .failed
        hearer.arrive([row])
        #expect(hearer.hear().contains { $0.contains(", actions failed, delivery 6") })
    }

    @Test("tells what each has missed, behind the list")
    func missed() {
        var hearer = hearer([Self.rows])
        hearer.user.reply(to: FindMissedRows.self) { $0.reach == .newest ? MissedRows(count: 30) : nil }
        #expect(
            hearer.type("actions").last
                == "rows: 30 events were missed before their verdict or “when” changed; missed NAME adds them.")
    }

    @Test("a line of a pipe waits until the actions are known; who types is told to ask again")
    func early() {
        for isInteractive in [false, true] {
            var hearer = Hearer(5, isInteractive: isInteractive, holdsActions: true)
            hearer.plain.model.session.canAct = true
            hearer.user.actions = [Self.rows]
            hearer.pipe("pause rows")
            #expect(hearer.hear() == (isInteractive ? ["The actions are still being read: ask again."] : []))
            hearer.release()
            #expect(hearer.user.actionCalls == (isInteractive ? [] : calls(PauseAction("rows", isPaused: true))))
        }
    }
}
