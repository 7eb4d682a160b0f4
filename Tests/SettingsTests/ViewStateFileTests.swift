import Settings
import TestSupport
import Testing

/// A possible state of a dashboard.
private struct Kept: Codable, Hashable, Sendable {
    var columns: [String] = []
    var filter = ""
}

@Suite struct ViewStateFileTests {
    private let folder = TemporaryFolder()
    private let file: ViewStateFile<Kept>

    init() throws {
        file = ViewStateFile(path: folder.file("b2watch/view.json"), empty: Kept())
    }

    private func isNothing(_ loaded: (state: Kept, notice: String?)) -> Bool {
        loaded.state == Kept() && loaded.notice == nil
    }

    @Test func whatIsSavedIsLoaded() throws {
        let state = Kept(columns: ["time", "object"], filter: "é \"/\\\u{1b}")
        #expect(file.save(state) == nil)
        #expect(file.load() == (state, nil))
        #expect(try TemporaryFolder.mode(of: file.path) == 0o600)
        #expect(file.save(Kept()) == nil)
        #expect(isNothing(file.load()))
    }

    @Test func aMissingFileIsNothing() {
        #expect(isNothing(file.load()))
    }

    @Test(arguments: ["", "{", "[]", "null", "\u{0}", "{\"filter\":[\"a\"]"])
    func aBrokenFileIsForgottenWithANotice(text: String) throws {
        let broken = ViewStateFile(path: try folder.write("view.json", text), empty: Kept())
        let (state, notice) = broken.load()
        #expect(state == Kept())
        #expect(notice?.contains("view.json is broken") == true)
        let next = Kept(columns: ["a"])
        #expect(broken.save(next) == nil)
        #expect(broken.load() == (next, nil))
    }

    @Test func ofTwoWritersTheLastOneWins() {
        let other = ViewStateFile(path: file.path, empty: Kept())
        #expect(file.save(Kept(filter: "one")) == nil)
        #expect(other.save(Kept(filter: "two")) == nil)
        #expect(file.load() == (Kept(filter: "two"), nil))
    }

    @Test func whereItCannotBeWrittenItSaysSo() throws {
        let blocked = ViewStateFile(path: try folder.write("file", "x") + "/view.json", empty: Kept())
        #expect(blocked.save(Kept())?.contains("its folder cannot be made") == true)
        let wrong = ViewStateFile(path: folder.path, empty: Kept())
        #expect(wrong.load().notice?.contains("is not a file") == true)
    }
}
