import Testing
import Notifications
import Terminal
@testable import Dashboard

@Suite struct LookTests {
    @Test func look() {
        var u = User()
        print(u.screen); print("=======")
        u.resize(40, 10); print(u.screen); print("=======")
        u = .watching(3)
        u.arrive([Make.request(4), Make.row(5, name: "фото/\u{1b}[31m日本語の名前.jpg", isDuplicate: true), Make.row(6, at: 86_400_000/2, verdict: .invalid)])
        print(u.screen); print("=======")
        u.press(.up); u.press(.tab); print(u.screen); print("=======")
        for (c, r) in [(120,36),(160,40),(40,10),(60,20)] { u.resize(c,r); print(u.screen); print("=======") }
        u.resize(80,24)
        for _ in 0..<3 { u.press(.right); print(u.screen); print("=======") }
        u.press(.escape, .character("2")); print(u.screen); print("=======")
        u.press(.character("s")); print(u.screen); print("=======")
        u.press(.character("a")); u.paste(" abc\n"); print(u.screen); print("=======")
        u.press(.escape, .character("?")); print(u.screen); print("=======")
        u.resize(120,36); print(u.screen); print("=======")
        u.press(.escape); u.press(.character("c")); print(u.screen); print("=======")
    }
}
