@testable import Notifications
import Testing

/// Nesting is taken to 512, wherever it stands.
@Suite struct JSONDepthTests {
    enum Kind: CaseIterable { case arrays, objects, mixture }

    /// So many arrays and objects within each other.
    private func nested(_ depth: Int, _ kind: Kind, around inner: String = "") -> String {
        var before = ""
        var after = ""
        for level in 0..<depth {
            let isLast = level == depth - 1
            if kind == .arrays || (kind == .mixture && level.isMultiple(of: 3)) {
                before += "["
                after = "]" + after
            } else {
                before += isLast && inner.isEmpty ? "{" : #"{"a":"#
                after = "}" + after
            }
        }
        return before + inner + after
    }

    private func isJSON(_ text: String) -> Bool { Payload(scanning: Array(text.utf8)).isJSON }

    /// What stands around the nesting, and how many levels of it that is.
    static let places: [(before: String, after: String, levels: Int)] = [
        ("", "", 0), ("[1,", "]", 1), (#"{"other":"#, "}", 1), (#"{"events":"#, "}", 1), (#"{"events":["#, "]}", 2),
        (#"{"events":[1,"#, ",1]}", 2), (#"{"events":[{"eventId":"#, "}]}", 3), (#"{"events":[{"x":1,"y":"#, "}]}", 3),
    ]

    @Test(arguments: Kind.allCases, places.indices)
    func takes512LevelsAndNot513(kind: Kind, index: Int) {
        let place = Self.places[index]
        for inner in ["", "1", #""text""#] {
            let deepest = nested(512 - place.levels, kind, around: inner)
            let tooDeep = nested(513 - place.levels, kind, around: inner)
            #expect(isJSON(place.before + deepest + place.after))
            #expect(!isJSON(place.before + tooDeep + place.after))
        }
    }

    @Test func saysThatItIsTooDeep() {
        guard case .notJSON(let error) = Payload(scanning: Array(nested(513, .arrays).utf8)) else {
            Issue.record("accepted")
            return
        }
        #expect(error == JSONError(offset: 512, problem: .tooDeep))
    }

    @Test func widthIsNoDepth() {
        let wide = "[" + Array(repeating: nested(511, .mixture), count: 20).joined(separator: ",") + "]"
        #expect(isJSON(wide))
    }

    @Test(arguments: ["[", #"{"a":"#, #"{"events":["#, #"{"events":[{"a":"#])
    func aMegabyteOfOpeningsIsRefusedAtOnce(opening: String) {
        let text = String(repeating: opening, count: (1 << 20) / opening.utf8.count)
        #expect(!isJSON(text))
    }
}
