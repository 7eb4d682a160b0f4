import Settings
import Testing

/// The XDG base directory specification.
@Suite struct PlacesTests {
    @Test func withoutVariablesFilesGoBelowHome() throws {
        let places = Places(environment: ["HOME": "/home/ada"])
        #expect(try places.state == "/home/ada/.local/state/b2watch")
        #expect(try places.configuration == "/home/ada/.config/b2watch")
        #expect(try places.history == "/home/ada/.local/state/b2watch/history.sqlite")
        #expect(try places.log == "/home/ada/.local/state/b2watch/b2watch.log")
        #expect(try places.secrets == "/home/ada/.config/b2watch/secrets")
    }

    @Test func theVariablesWin() throws {
        let places = Places(environment: [
            "HOME": "/home/ada", "XDG_STATE_HOME": "/var/state", "XDG_CONFIG_HOME": "/etc/xdg",
        ])
        #expect(try places.state == "/var/state/b2watch")
        #expect(try places.configuration == "/etc/xdg/b2watch")
    }

    @Test(arguments: ["", "relative", "./state", "~/state"])
    func aPathThatIsNotAbsoluteIsIgnored(path: String) throws {
        let places = Places(environment: [
            "HOME": "/home/ada", "XDG_STATE_HOME": path, "XDG_CONFIG_HOME": path,
        ])
        #expect(places == Places(environment: ["HOME": "/home/ada"]))
    }

    @Test func theVariablesAreEnoughWithoutHome() throws {
        let places = Places(environment: ["XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"])
        #expect(try places.history == "/s/b2watch/history.sqlite")
        #expect(try places.secrets == "/c/b2watch/secrets")
    }

    @Test func eachPlaceStandsForItself() throws {
        #expect(try Places(environment: ["XDG_STATE_HOME": "/s"]).history == "/s/b2watch/history.sqlite")
        #expect(try Places(environment: ["XDG_CONFIG_HOME": "/c"]).secrets == "/c/b2watch/secrets")
    }

    @Test(arguments: [[:], ["HOME": ""], ["HOME": "home"], ["XDG_CONFIG_HOME": "/c"]])
    func withoutAPlaceForTheHistoryTheErrorSaysWhatToDo(environment: [String: String]) {
        let places = Places(environment: environment)
        for error in [
            #expect(throws: PlacesError.self) { try places.history },
            #expect(throws: PlacesError.self) { try places.log },
        ] {
            #expect(error?.description.contains("neither HOME nor XDG_STATE_HOME") == true)
            #expect(error?.description.contains("--history FILE") == true)
        }
    }

    @Test(arguments: [[:], ["HOME": ""], ["HOME": "home"], ["XDG_STATE_HOME": "/s"]])
    func withoutAPlaceForSecretsTheErrorSaysWhatToDo(environment: [String: String]) {
        let error = #expect(throws: PlacesError.self) { try Places(environment: environment).secrets }
        #expect(error?.description.contains("neither HOME nor XDG_CONFIG_HOME") == true)
    }
}
