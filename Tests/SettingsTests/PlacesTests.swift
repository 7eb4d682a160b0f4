import Settings
import Testing

/// The XDG base directory specification.
@Suite struct PlacesTests {
    @Test func withoutVariablesFilesGoBelowHome() throws {
        let places = try Places(environment: ["HOME": "/home/ada"])
        #expect(places.state == "/home/ada/.local/state/b2watch")
        #expect(places.configuration == "/home/ada/.config/b2watch")
        #expect(places.history == "/home/ada/.local/state/b2watch/history.sqlite")
        #expect(places.log == "/home/ada/.local/state/b2watch/b2watch.log")
        #expect(places.secrets == "/home/ada/.config/b2watch/secrets")
    }

    @Test func theVariablesWin() throws {
        let places = try Places(environment: [
            "HOME": "/home/ada", "XDG_STATE_HOME": "/var/state", "XDG_CONFIG_HOME": "/etc/xdg",
        ])
        #expect(places.state == "/var/state/b2watch")
        #expect(places.configuration == "/etc/xdg/b2watch")
    }

    @Test(arguments: ["", "relative", "./state", "~/state"])
    func aPathThatIsNotAbsoluteIsIgnored(path: String) throws {
        let places = try Places(environment: [
            "HOME": "/home/ada", "XDG_STATE_HOME": path, "XDG_CONFIG_HOME": path,
        ])
        #expect(places == (try Places(environment: ["HOME": "/home/ada"])))
    }

    @Test func theVariablesAreEnoughWithoutHome() throws {
        let places = try Places(environment: ["XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"])
        #expect(places.history == "/s/b2watch/history.sqlite")
        #expect(places.secrets == "/c/b2watch/secrets")
    }

    @Test(arguments: [[:], ["HOME": ""], ["HOME": "home"], ["XDG_STATE_HOME": "/s"], ["XDG_CONFIG_HOME": "/c"]])
    func withNeitherThereIsNoPlaceAndTheErrorSaysWhatToDo(environment: [String: String]) {
        let error = #expect(throws: PlacesError.self) { try Places(environment: environment) }
        #expect(error?.description.contains("HOME") == true)
        #expect(error?.description.contains("--history FILE") == true)
    }
}
