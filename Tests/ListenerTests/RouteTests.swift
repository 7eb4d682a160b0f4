import TestSupport
import Testing

@testable import Listener

@Suite(.blocking) struct RouteTests {
    @Test(arguments: [
        ("/", "/", true), ("/", "/anything?x", true), ("", "/x", true),
        ("/hook", "/hook", true), ("/hook", "/hook?x=/", true), ("/hook", "/hook/", true), ("/hook", "/hook/a/b", true),
        ("/hook", "/hookx", false), ("/hook", "/", false), ("/hook", "/Hook", false), ("/hook", "/%68ook", false),
        ("/hook", "/a/hook", false), ("/hook/", "/hook", true), ("/hook/", "/hook?x", true),
        ("/hook//", "/hook/x", true),
        ("hook", "/hook", true), ("/hook", "http://h:1/hook?x", true), ("/hook", "HTTPS://h/hook/x", true),
        ("/hook", "http://h/hookx", false), ("/hook", "http://hook", false), ("/hook", "http://h?/hook", false),
        ("/hook", "/hook#x", true), ("/é", "/é", true), ("/é", "/e\u{301}", false),
    ])
    func takesPaths(_ setting: String, _ target: String, _ isTaken: Bool) {
        #expect(PathRule(setting).takes(target) == isTaken)
    }

    @Test(arguments: [
        ("POST", "/hook", Route.delivery(.notification)), ("POST", "/hook/x?y", .delivery(.notification)),
        ("GET", "/hook", .delivery(.wrongMethod)), ("PUT", "/hook/", .delivery(.wrongMethod)),
        ("POST", "/other", .delivery(.wrongPath)), ("GET", "/", .delivery(.wrongPath)),
        ("GET", "/healthz", .health), ("HEAD", "/healthz", .health), ("GET", "/healthz?verbose", .health),
        ("GET", "http://h/healthz", .health), ("POST", "/healthz", .delivery(.wrongPath)),
        ("GET", "/healthz/", .delivery(.wrongPath)), ("GET", "/Healthz", .delivery(.wrongPath)),
    ])
    func routes(_ method: String, _ target: String, _ route: Route) {
        let head = RequestHead(method: method, target: target, version: .http11, headers: [])
        #expect(Route(head, rule: PathRule("/hook")) == route)
    }
}
