import Settings
import TestSupport
import Testing

@testable import Actions

@Suite("The secret of an action")
struct ActionSecretTests {
    private func read(
        _ settings: [(String, ConfigurationNode.Content)], environment: [String: String] = [:]
    ) -> (secret: ActionSecret?, problems: [String]) {
        var reading = ActionReading.sample("sms", settings)
        let secret = reading.secret("token", what: "the auth token", environment: environment)
        return (secret, reading.problems.map(\.text))
    }

    @Test("is in a file or in a variable, and is read without the white space at its ends")
    func sources() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("token", "s3cret\n")
        let file = try #require(read([("token-file", .text(path))]).secret)
        #expect(try file.value() == "s3cret")
        _ = try folder.write("token", "another\n")
        #expect(try file.value() == "another")
        let variable = try #require(read([("token-environment", .text("TOKEN"))], environment: ["TOKEN": " x "]).secret)
        #expect(try variable.value() == "x")
    }

    @Test("must be there, once")
    func problems() {
        #expect(read([]).problems.first?.hasPrefix("“sms” needs the auth token: give “token-file”") == true)
        let unset = read([("token-environment", .text("s3cret"))]).problems
        #expect(unset.first?.contains("names a variable that is not set") == true)
        #expect(unset.first?.contains("s3cret") == false)
        let both = read(
            [("token-file", .text("a")), ("token-environment", .text("TOKEN"))], environment: ["TOKEN": "x"])
        #expect(
            both.secret == nil && both.problems == ["“sms” has both “token-file” and “token-environment”: keep one"])
    }

    @Test("says what is wrong with its file")
    func files() throws {
        let folder = try TemporaryFolder()
        func error(_ path: String) -> String {
            do {
                return try ActionSecret(file: path).value()
            } catch {
                return error.description
            }
        }
        #expect(error(folder.file("none")).hasSuffix("none is missing: put the secret into it"))
        #expect(error(try folder.write("empty", " \n")).contains("is empty"))
        #expect(error(try folder.write("two", "one\ntwo\n")).contains("holds more than one line"))
        #expect(error(folder.path).contains("is no regular file"))
    }

    @Test("is told nowhere")
    func description() {
        let secret = ActionSecret(variable: "TOKEN", value: "s3cret")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("s3cret"))
    }
}
