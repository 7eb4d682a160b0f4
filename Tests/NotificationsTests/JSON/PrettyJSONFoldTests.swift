import Notifications
import Testing

@Suite struct PrettyJSONFoldTests {
    private let body = Array(#"{"a":{"b":[1,2,3],"c":{"d":null}},"e":[],"f":"x"}"#.utf8)

    @Test func theContainersAreFoundInTheOrderInWhichTheyOpen() throws {
        let folds = try PrettyJSON(body).folds
        #expect(folds.map(\.lines) == [0...13, 1...10, 2...6, 7...9])
        #expect(folds.map(\.count) == [3, 2, 3, 1])
        #expect(folds.map(\.isObject) == [true, true, false, true])
    }

    @Test func everyLineKnowsTheValueThatBeginsOnIt() throws {
        let values = try PrettyJSON(body).lines.map { String(decoding: body[$0.value], as: UTF8.self) }
        #expect(
            values == [
                String(decoding: body, as: UTF8.self), #"{"b":[1,2,3],"c":{"d":null}}"#, "[1,2,3]", "1", "2", "3", "",
                #"{"d":null}"#, "null", "", "", "[]", #""x""#, "",
            ])
    }
}
