import Base
import Terminal
import Testing

@testable import Dashboard

@Suite("The table of bindings")
struct BindingsTests {
    @Test("no key is bound twice in a context", arguments: BindingContext.allCases)
    func noKeyTwice(context: BindingContext) {
        let keys = BindingTable.all.filter { $0.context == context }.flatMap(\.keys)
        #expect(keys.count == Set(keys).count)
    }

    @Test(
        "a nearer context hides nothing of a farther one, except where it is the same idea", arguments: Place.allCases)
    func nothingIsHidden(place: Place) {
        for context in place.contexts {
            for binding in BindingTable.all where binding.context == context {
                for key in binding.keys {
                    let nearest = Bindings.standard.binding(for: key, in: place)
                    // In the help its own key lists the rest of it.
                    let isSameIdea = binding.command == .showHelp && nearest?.command == .showAllKeys
                    #expect(nearest?.context == context || isSameIdea, "\(key.name) in \(place)")
                }
            }
        }
    }

    @Test("every command has a key")
    func everyCommandIsBound() {
        #expect(Set(BindingTable.all.map(\.command)) == Set(Command.allCases))
    }

    @Test("the help tells every binding")
    func helpIsComplete() {
        var user = User.watching(3, columns: 160, rows: 36)
        user.press(.character("?"), .character("?"))
        var seen: Set<String> = []
        for _ in 0..<16 {
            seen.formUnion(user.lines)
            #expect(user.lines[1].contains("[Help "))
            user.press(.pageDown)
        }
        let text = seen.joined(separator: "\n")
        for binding in BindingTable.all {
            #expect(text.contains(binding.title), "\(binding.title)")
        }
    }

    @Test("the help says why a key does nothing now")
    func helpTellsObstacles() {
        var user = User(columns: 120, rows: 60)
        user.tell(.listening(.starting))
        user.press(.character("?"), .character("?"))
        #expect(user.screen.contains("now not: Nothing listens that a test event could be sent to."))
    }

    @Test("the footer fits at every width, and keeps help and quit", arguments: [40, 59, 60, 80, 99, 100, 140])
    func footerFits(columns: Int) {
        var user = User.watching(3, columns: columns, rows: 24)
        for key in [Key.tab, .escape, .character("2"), .character("C"), .escape, .character("1"), .enter] {
            user.press(key)
            let footer = user.lines[23]
            #expect(!footer.contains("…"))
            #expect(footer.contains("? help"))
            #expect(footer.hasSuffix("q quit") || footer.hasSuffix("q close"))
        }
    }

    @Test("the footer says more as it widens")
    func footerWidths() {
        let hints = [40, 60, 80, 120].map { User.watching(3, columns: $0).lines[23].split(separator: "  ").count }
        #expect(hints == hints.sorted() && hints.first != hints.last, "\(hints)")
    }

    @Test("a key that can do nothing says why")
    func obstacleIsTold() {
        var user = User()
        user.tell(.listening(.starting))
        user.press(.character("t"))
        #expect(user.screen.contains("Nothing listens that a test event could be sent to."))
        #expect(user.calls.isEmpty)
    }
}
