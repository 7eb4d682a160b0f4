import Base
import Foundation
import Terminal
import Testing

@testable import Dashboard

@Suite("The table of commands")
struct BindingsTests {
    @Test("no key is bound twice in a context", arguments: BindingContext.allCases)
    func noKeyTwice(context: BindingContext) {
        let keys = Command.all.filter { $0.context == context }.flatMap(\.keys)
        #expect(keys.count == Set(keys).count)
    }

    @Test(
        "a nearer context hides nothing of a farther one, except where it is the same idea", arguments: Place.allCases)
    func nothingIsHidden(place: Place) {
        for context in place.contexts {
            for command in Command.all where command.context == context {
                for key in command.keys {
                    let nearest = Bindings.standard.binding(for: key, in: place)
                    // In the help its own key lists the rest of it.
                    let isSameIdea = command == .showHelp && nearest == .showAllKeys
                    #expect(nearest?.context == context || isSameIdea, "\(key.name) in \(place)")
                }
            }
        }
    }

    @Test("has a name that can be typed, a meaning and one line for each context")
    func names() {
        for command in Command.all {
            #expect(command.name.allSatisfy { $0.isASCII && $0.isLowercase || $0 == "-" }, "\(command.name)")
            #expect(!command.meaning.isEmpty && !command.meaning.hasSuffix("."), "\(command.name)")
            #expect(Command.all.count { $0 == command && $0.context == command.context } == 1, "\(command.name)")
            #expect(Command(name: command.name) == command)
        }
    }

    @Test("what takes more behind its name has no key, and says how it is written")
    func arguments() {
        let typed = Command.all.filter { $0.arguments != nil }
        #expect(typed.map(\.name).sorted() == ["filter", "goto", "sort", "view"])
        for command in typed {
            #expect(command.keys.isEmpty && command.context == .typed)
            #expect(command.arguments?.form.isEmpty == false)
        }
    }

    @Test("a command is declared in one file: its name is written in no other")
    func declaredOnce() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Dashboard")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var owners: [String: Set<String>] = [:]
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /Command\(\s*"([a-z-]+)"/) {
                owners[String(match.1), default: []].insert(file.lastPathComponent)
            }
        }
        #expect(owners.count > 80)
        for (name, files) in owners {
            #expect(files.count == 1, "\(name)")
            #expect(Command(name: name) != nil, "“\(name)” is declared, but in no list")
        }
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
        for command in Command.all {
            #expect(text.contains(command.meaning), "\(command.meaning)")
        }
    }

    @Test("the help says why a key does nothing now")
    func helpTellsObstacles() {
        var user = User(columns: 120, rows: 60)
        user.tell(.listening(.starting))
        user.press(.character("?"), .character("?"))
        #expect(user.screen.contains("unavailable: Nothing listens yet, so a test event cannot be sent."))
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
        #expect(user.screen.contains("Nothing listens yet, so a test event cannot be sent."))
        #expect(user.calls.isEmpty)
    }
}
