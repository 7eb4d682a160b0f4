import History
import Notifications
import Sending
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("By lines, commands")
struct PlainCommandTests {
    @Test("list rows by number, with the current one, and move among them")
    func moving() {
        var hearer = Hearer(30)
        let list = hearer.type("list 3")
        #expect(list.map { $0.prefix(3) } == ["28:", "29:", "30:"])
        #expect(list.last?.hasSuffix(", current") == true)
        #expect(hearer.type("previous").first?.hasSuffix("delivery 29") == true)
        #expect(hearer.type("prev 4").first?.hasSuffix("delivery 25") == true)
        #expect(hearer.type("list 3").map { $0.prefix(3) } == ["24:", "25:", "26:"])
        #expect(hearer.type("oldest").first?.hasSuffix("delivery 1") == true)
        #expect(hearer.type("previous").first == "No older event:")
        #expect(hearer.type("newest").first?.hasSuffix("delivery 30") == true)
        #expect(hearer.type("list many") == ["How many is a number from 1 to 1,000."])
    }

    @Test("export what is listed or selected, and ask before a file is replaced")
    func exporting() {
        var hearer = Hearer(5)
        #expect(hearer.type("export csv /tmp/a.csv").first?.hasPrefix("Export") != true)
        #expect(hearer.user.exports.last?.rows == .matching(.everything, through: 5))
        #expect(hearer.user.exports.last?.format == "csv")
        #expect(hearer.type("export b.tsv") == ["An export is running: cancel-judging cancels it."])
        hearer.finishExport(
            .success(.written(ExportProgress(unit: .events, written: 5, looked: 5, total: 5), path: "/tmp/a.csv")))
        #expect(hearer.hear() == ["5 events written to /tmp/a.csv."])
        _ = hearer.type("select")
        _ = hearer.type("export b.jsonl")
        #expect(hearer.user.exports.last?.rows == .chosen([5]))
        #expect(hearer.user.exports.last?.format == "jsonl")
        let request = hearer.user.exports[1]
        hearer.finishExport(.success(.exists(request)))
        #expect(hearer.hear() == ["b.jsonl is there. Replace it? Type yes or no."])
        _ = hearer.type("yes")
        #expect(hearer.user.exports.last?.mayReplace == true)
        hearer.finishExport(.success(.cancelled))
        #expect(hearer.hear() == ["The export was cancelled: no file was written."])
        #expect(hearer.type("export").first?.hasPrefix("Export to which file?") == true)
        #expect(hearer.type("export csv").first?.hasPrefix("Export to which file?") == true)
        #expect(hearer.type("export events.txt").first?.hasPrefix("In which format?") == true)
    }

    @Test("go to the next delivery of the same event")
    func sameEvent() {
        var hearer = Hearer(5)
        hearer.user.sharing = [5: [2], 2: [5]]
        #expect(hearer.type("same").first?.hasSuffix("delivery 2") == true)
        #expect(hearer.type("next-of-same-event").first?.hasSuffix("delivery 5") == true)
        hearer.user.sharing = [:]
        #expect(hearer.type("same") == ["No other delivery contains this event."])
    }

    @Test("name no keys in what they say")
    func noKeys() {
        var hearer = Hearer(5)
        #expect(hearer.type("filter-or-not") == ["No filter: filter EXPRESSION writes one."])
        #expect(hearer.type("next-mark").first == "No row is marked: mark marks one.")
        hearer.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 1], remaining: 5, stage: .cancelled)))
        #expect(hearer.hear().last?.hasSuffix("cancel-judging resumes") == true)
    }

    @Test("show a page of any delivery, each value whole")
    func showing() {
        var hearer = Hearer(30)
        let long = String(repeating: "long/", count: 150) + "name.jpg"
        hearer.arrive([Make.row(31, name: long)])
        #expect(hearer.type("show").contains { $0.hasSuffix(long) })
        let headers = hearer.type("show 7 headers")
        #expect(headers.first == "Delivery 7, Headers:")
        #expect(headers.contains { $0.hasPrefix("X-Bz-Event-Notification-Signature: v1=abcd") })
        #expect(hearer.type("show body raw").first == "Delivery 7, Body, raw:")
        #expect(hearer.type("show 7 colours").first?.hasPrefix("Unknown page colours") == true)
        #expect(hearer.type("show 99") == ["Delivery 99 is not recorded."])
        #expect(hearer.type("show 7.2") == ["Delivery 7 has 1 event."])
        #expect(hearer.type("open 0x7").first?.hasPrefix("0x7 is not a number") == true)
        #expect(hearer.type("open 12").first?.hasSuffix("delivery 12") == true)
    }

    @Test("open no other delivery's row for an event that is not listed")
    func unlisted() {
        var hearer = Hearer(30)
        var row = Make.row(31)
        row.eventCount = 3_000
        hearer.arrive([row])
        let sentence = "Delivery 31 has 3,000 events, of which only the first 1,000 are listed."
        #expect(hearer.type("open 31.1001") == [sentence])
        #expect(hearer.type("open 31.3001") == ["Delivery 31 has 3,000 events."])
        #expect(hearer.type("open 31").first?.contains("delivery 31") == true)
    }

    @Test("of a pipe are not read while one of them waits for what came of those before")
    func waiting() {
        var hearer = Hearer(30, isInteractive: false)
        hearer.holdsReads = true
        #expect(hearer.plain.takesLines)
        hearer.pipe("list 1")
        #expect(hearer.plain.takesLines)
        hearer.pipe("list 2", "status")
        #expect(!hearer.plain.takesLines)
        hearer.release()
        #expect(hearer.plain.takesLines)
    }

    @Test("filter, say how many match, and where a filter is wrong")
    func filtering() {
        var hearer = Hearer(9)
        hearer.arrive([Make.row(10, verdict: .invalid)])
        _ = hearer.hear()
        #expect(hearer.type("filter sig:invalid") == ["1 of 10 events are listed: filter sig:invalid"])
        #expect(hearer.type("list").map { $0.prefix(3) } == ["10:"])
        #expect(hearer.type("filter size>").first?.hasPrefix("The filter is wrong at column 6: ") == true)
        #expect(hearer.type("filter") == ["Listed: filter sig:invalid"])
        #expect(
            hearer.type("filter sig:invalid bucket:zzz") == [
                "0 of 10 events are listed: filter sig:invalid bucket:zzz",
                "Alone, sig:invalid matches 1; bucket:zzz matches 0 (there is my-bucket). "
                    + "filter off lists every event again.",
            ])
        #expect(hearer.type("filter off") == ["Every event is listed."])
        #expect(hearer.type("problems") == ["1 of 10 events are listed: problems only"])
        #expect(hearer.type("show-problems") == ["Every event is listed."])
        #expect(hearer.type("find cat-3.jpg").last?.hasSuffix("delivery 3") == true)
    }

    @Test("keep the order that the screen had, which plain mode leaves alone")
    func order() {
        var state = ViewState()
        state.preferences.order = .by(.size, isDescending: true)
        var hearer = Hearer(3, viewState: state)
        #expect(hearer.type("list").map { $0.prefix(2) } == ["1:", "2:", "3:"])
        _ = hearer.type("filter sig:valid")
        #expect(hearer.kept.last?.preferences.order == .by(.size, isDescending: true))
    }

    @Test("exist for every name of the screen's, by lines or with a word why not", arguments: Command.allCases)
    func names(command: Command) {
        var hearer = Hearer(3)
        let heard = hearer.type(command.name)
        #expect(!heard.contains { $0.hasPrefix("Unknown command") })
        if command.plain.way == .screen { #expect(heard.first?.contains("is for the screen") == true) }
    }

    @Test("of a pipe are for the rows that a filter before them lists")
    func pipedFilter() {
        var hearer = Hearer(9, isInteractive: false)
        hearer.arrive([Make.row(10, verdict: .invalid), Make.row(11)])
        hearer.pipe("filter sig:invalid", "toggle-selected", "export csv y.csv", "show")
        for _ in 0..<9 { hearer.wait(.milliseconds(50)) }
        #expect(hearer.user.exports.map(\.rows) == [.chosen([10])])
    }

    @Test("typed at once behind a filter are for the rows it lists, and no prompt stands before its answer")
    func typedFilter() {
        var hearer = Hearer(9)
        hearer.arrive([Make.row(10, verdict: .invalid), Make.row(11)])
        hearer.holdsReads = true
        _ = hearer.type("filter sig:invalid")
        _ = hearer.type("toggle-selected")
        #expect(hearer.plain.model.events.selection.isEmpty)
        hearer.release()
        #expect(hearer.plain.model.events.selection.count == 1)
        #expect(hearer.plain.model.events.selection.contains(Make.row(10, verdict: .invalid)))

        var plain = Hearer(9).plain
        _ = plain.enter(Array("filter sig:valid".utf8), at: hearer.user.now)
        #expect(plain.isAnswering)
        let generation = plain.model.events.listing.generation
        let found = BrowseProgress(generation: generation, matched: 9, scanned: 9, total: 9)
        _ = plain.update(.browsed(found), at: hearer.user.now)
        #expect(!plain.isAnswering)
    }

    @Test("sort, and follow goes back to arrival; what comes meanwhile is counted")
    func sorting() {
        var hearer = Hearer(3)
        #expect(hearer.type("sort size asc") == ["Events are sorted by size, ascending."])
        #expect(hearer.type("sort sise").first?.contains("did you mean size?") == true)
        #expect(hearer.type("status").contains("Events are sorted by size, ascending."))
        hearer.arrive([Make.row(4)])
        hearer.wait(.seconds(2))
        #expect(hearer.hear().contains("1 more event has arrived."))
        #expect(hearer.type("follow").first == "Events are in the order of arrival.")
        hearer.wait(.milliseconds(50))
        #expect(hearer.type("list 1").first?.hasPrefix("4:") == true)
    }

    @Test("go to a delivery or a row, turn to a view, and read the configuration again")
    func typed() {
        var hearer = Hearer(30)
        #expect(hearer.type("goto 7").first?.hasSuffix("delivery 7") == true)
        #expect(hearer.type("goto row 9").last?.hasSuffix("delivery 9") == true)
        #expect(hearer.type("row 8").last?.hasSuffix("delivery 8") == true)
        #expect(hearer.type("row x").first?.hasPrefix("“goto” takes a time") == true)
        #expect(hearer.type("view table") == hearer.type("table"))
        #expect(hearer.type("view puls").first?.contains("did you mean pulse?") == true)
        // A time of day that is still to come is yesterday's.
        #expect(hearer.type("goto 16:43:12").last?.hasSuffix("delivery 1") == true)
        hearer.wait(.seconds(60))
        #expect(hearer.type("goto 16:43:12").last?.hasSuffix("delivery 12") == true)
        #expect(hearer.type("goto yesterday 02:14").last?.hasSuffix("delivery 1") == true)
        #expect(hearer.type("goto noon").first?.hasPrefix("“noon” is not a time.") == true)
        #expect(
            hearer.type("status").contains("Times are in UTC.")
                || hearer.type("status").contains("Times are local, UTC."))
        #expect(hearer.type("toggle-utc") == ["Times are in UTC."])
        _ = hearer.type("reload")
        #expect(hearer.user.settingsReads == 1)
        #expect(hearer.calls.count == 1)
    }

    @Test("all have their help, and what is mistyped a suggestion")
    func help() {
        var hearer = Hearer()
        let help = hearer.type("help")
        for word in PlainWord.all { #expect(help.contains { $0.hasPrefix(word.names[0]) }) }
        #expect(hearer.type("help filter").contains { $0.contains("sig:") })
        #expect(hearer.type("lits") == ["Unknown command lits. Did you mean list? help lists the commands."])
        #expect(hearer.type("xyzzy") == ["Unknown command xyzzy. help lists the commands."])
        #expect(hearer.type("  ").isEmpty)
    }

    @Test("ask before they do what cannot be taken back, and take only yes for yes")
    func questions() {
        var hearer = Hearer(3)
        #expect(hearer.type("secret forget prod").first?.hasSuffix("Type rotated, leaked or no.") == true)
        #expect(hearer.type("yes").first?.hasSuffix("Type rotated, leaked or no.") == true)
        #expect(hearer.type("y").first?.hasSuffix("Type rotated, leaked or no.") == true)
        #expect(hearer.type("no") == ["Nothing was done."])
        #expect(hearer.calls.isEmpty)
        _ = hearer.type("secret forget prod")
        _ = hearer.type("LEAKED")
        #expect(hearer.calls == calls(ForgetSecret("prod", wasLeaked: true)))

        hearer.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        #expect(hearer.type("quit") == ["Stop receiving? Type yes or no."])
        #expect(hearer.ending == nil)
        _ = hearer.type("yes")
        #expect(hearer.ending == .quit)
    }

    @Test("of a pipe wait for each other, and its end for the last of them")
    func piped() {
        var hearer = Hearer(5, isInteractive: false)
        hearer.holdsReads = true
        hearer.pipe("list 1", "filter sig:valid", "list 1")
        hearer.endInput()
        #expect(hearer.hear().isEmpty)
        #expect(hearer.ending == nil)
        hearer.release()
        hearer.wait(.milliseconds(50))
        let heard = hearer.hear()
        #expect(heard.first?.hasPrefix("5:") == true)
        #expect(heard.dropFirst().first == "5 of 5 events are listed: filter sig:valid")
        #expect(heard.last?.hasPrefix("5:") == true)
        #expect(hearer.ending == .quit)
    }
}

@Suite("By lines, secrets")
struct PlainSecretTests {
    @Test("are asked for on a line that is hidden, and never said")
    func adding() {
        var hearer = Hearer()
        let asked = hearer.type("secret add new bucket:photos")
        #expect(asked.first?.hasPrefix("Type or paste the secret new") == true)
        #expect(hearer.plain.hidesTyping)
        let heard = hearer.type("  \(Make.secret) ")
        #expect(!hearer.plain.hidesTyping)
        #expect(!heard.joined().contains(Make.secret))
        let draft = SecretDraft(label: "new", value: Make.secret, binding: .bucket("photos"))
        #expect(hearer.calls == calls(AddSecret(draft)))
    }

    @Test("name a rule that does not sign, by a proof on a hidden line")
    func unsigned() {
        var hearer = Hearer()
        #expect(hearer.type("secret unsigned").first?.hasPrefix("Which rule?") == true)
        _ = hearer.type("secret unsigned plain header X-Token")
        #expect(hearer.plain.hidesTyping)
        #expect(hearer.type("short").first?.contains("too short a proof") == true)
        _ = hearer.type("secret unsigned plain header X-Token")
        #expect(!hearer.type("0123456789abcdef").joined().contains("0123456789"))
        let draft = UnsignedDraft(rule: "plain", proof: "header X-Token 0123456789abcdef")
        #expect(hearer.calls == calls(NameUnsigned(draft)))
    }

    @Test("are left by an empty line, by Ctrl-C, and for a label that is held")
    func leaving() {
        var hearer = Hearer()
        _ = hearer.type("secret add new")
        #expect(hearer.type("") == ["No secret was entered."])
        _ = hearer.type("secret add new")
        hearer.tell(.signal(.interrupt))
        #expect(!hearer.plain.hidesTyping)
        #expect(hearer.ending == nil)
        _ = hearer.type("secret add prod")
        #expect(hearer.type(Make.secret) == ["There is a secret with the label prod already."])
        #expect(hearer.calls.isEmpty)
    }

    @Test("that are typed where they do not belong are neither kept nor said")
    func misplaced() {
        var hearer = Hearer()
        for line in [
            Make.secret, "secret add \(Make.secret)", "list \(Make.secret)", "show \(Make.secret)",
            "secret add new \(Make.secret)",
        ] {
            let heard = hearer.type(line)
            #expect(!heard.joined().lowercased().contains(Make.secret.lowercased()))
            #expect(!heard.isEmpty)
        }
        #expect(hearer.calls.isEmpty)
    }

    @Test("are listed by label and fingerprint")
    func listing() {
        var hearer = Hearer()
        #expect(
            hearer.type("secret list") == [
                "prod, fingerprint 3f9a, bound to any, 124 matches, not saved, from screen"
            ])
        #expect(hearer.type("secret forget other").first?.hasPrefix("No secret other is there") == true)
    }
}
