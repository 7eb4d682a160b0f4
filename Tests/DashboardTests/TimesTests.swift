import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("Times on the screen")
struct TimesTests {
    private static let day: Int64 = 86_400_000
    private let east = WallClock { _ in 3_600 }

    /// Rows of the day before yesterday, of yesterday, and of today at 16:43:03.
    private func user(columns: Int = 120, clock: WallClock = .utc) -> User {
        var user = User(columns: columns, rows: 36, holding: [.prod], clock: clock)
        user.arrive([Make.row(1, at: -2 * Self.day), Make.row(2, at: -Self.day), Make.row(3)])
        return user
    }

    private func entry(_ offset: Int, at moment: Int64) -> LogEntry {
        LogEntry(
            id: LogPlace(inode: 1, offset: offset), time: Timestamp(milliseconds: moment), level: .info,
            source: "listen", text: "hello")
    }

    private func command(_ text: String, _ user: inout User) {
        user.press(.character(":"))
        user.type(text)
        user.press(.enter)
    }

    @Test("of other days have their date, those of today have none")
    func dates() {
        let user = user()
        #expect(user.screen.contains(" 11-22 16:43:00 "))
        #expect(user.screen.contains(" 11-23 16:43:00 "))
        #expect(user.hasRow(" 16:43:03 ", selected: true))
        #expect(user.selected?.contains("11-24") == false)
    }

    @Test("of another year have that too, and where there is little room no seconds")
    func forms() {
        let clock = RowClock(.utc, now: Timestamp(milliseconds: Make.start))
        let moment = Timestamp(milliseconds: Make.start - Self.day)
        #expect(clock.text(moment).string == "11-23 16:43:00")
        #expect(clock.text(moment, columns: 11).string == "11-23 16:43")
        #expect(clock.text(moment, columns: 9).string == "11-23")
        let old = Timestamp(milliseconds: Make.start - 400 * Self.day)
        #expect(clock.text(old).string == "2025-10-20 16:43:00")
        #expect(clock.text(old, columns: 11).string == "2025-10-20")
        let moments = [Timestamp(milliseconds: Make.start)]
        #expect(clock.column("TIME UTC", holding: moments).ideal == 8)
        #expect(clock.column("TIME UTC", holding: moments + [moment]).minimum == 11)
    }

    @Test("sorted, where no rule tells the day, have their date too")
    func sorted() {
        var user = user()
        command("sort size", &user)
        #expect(user.screen.contains(" 11-22 16:43:00 "))
    }

    @Test("have the zone in their heading, in every list, and u switches it everywhere")
    func zones() {
        var user = user(clock: east)
        user.log = [entry(0, at: Make.start)]
        for view in ["1", "3", "6"] {
            user.press(.character(view.first ?? "1"))
            #expect(user.screen.contains("TIME +01"), "\(view)")
            user.press(.character("u"))
            #expect(user.screen.contains("TIME UTC"), "\(view)")
            user.press(.character("u"))
        }
        user.press(.character("1"), .character("g"))
        #expect(user.hasRow("11-22 17:43:00", selected: true))
        user.press(.character("u"))
        #expect(user.hasRow("11-22 16:43:00", selected: true))
    }

    @Test(
        "name the zone shortly",
        arguments: [(0, "UTC"), (3_600, "+01"), (-18_000, "-05"), (19_800, "+05:30"), (45_900, "+12:45")])
    func names(seconds: Int, name: String) {
        let clock = WallClock { _ in seconds }
        #expect(clock.zone(at: Timestamp(milliseconds: Make.start)) == name)
    }

    @Test("a zone that is UTC in winter alone is not called so")
    func winter() {
        let clock = WallClock { $0.milliseconds % (2 * 180 * 86_400_000) < 180 * 86_400_000 ? 0 : 3_600 }
        // The beginning of the first half of such a year, far behind 1970.
        let winter = Timestamp(milliseconds: 57 * 2 * 180 * Self.day)
        #expect(clock.zone(at: winter) == "+00")
    }

    @Test(
        "can be gone to, by the zone that is shown",
        arguments: [
            ("yesterday 16:40", 2), ("yesterday", 2), ("2026-11-22", 1), ("16:43", 3), ("-1d", 2), ("2d ago", 1),
            ("11-23 16:43", 2), ("#2", 2), ("2", 2), ("row 1", 1), ("sunday", 1), ("22 Nov", 1), ("oldest", 1),
            ("2020-01-01", 1), ("now", 3), ("newest", 3),
        ])
    func goesTo(text: String, row: Int64) {
        var user = user()
        command("goto \(text)", &user)
        #expect(user.model.events.rows.selection == row, "\(text)")
        #expect(user.model.overlays.prompt == nil)
    }

    @Test(
        "that are none are refused, with what is accepted", arguments: ["noon", "25:00", "2026-13-01", "", "row", "-3"])
    func refuses(text: String) {
        var user = user()
        command("goto \(text)", &user)
        #expect(user.model.place.nearest == .palette)
        #expect(user.screen.contains("yesterday 02:14"))
        #expect(user.model.events.rows.selection == 3)
    }

    @Test("a key opens the line for them, with examples")
    func key() {
        var user = user()
        user.press(.character("@"))
        #expect(user.screen.contains(" :  goto"))
        #expect(user.screen.contains("02:14  yesterday"))
        user.type("yesterday")
        user.press(.enter)
        #expect(user.model.events.rows.selection == 2)
    }

    @Test("are gone to in deliveries and in the log, too")
    func otherLists() {
        var user = user()
        user.log = [-2, -1, 0].enumerated().map { index, days in
            entry(index, at: Make.start + Int64(days) * Self.day)
        }
        user.press(.character("3"))
        command("goto yesterday", &user)
        #expect(user.model.view == .deliveries && user.model.deliveries.list.selection == 2)
        user.press(.character("6"))
        command("goto 2026-11-22 17:00", &user)
        #expect(user.model.view == .log && user.model.log.list.selection?.offset == 0)
    }

    @Test("the next midnight is known, for the date that rows have from then on")
    func midnight() {
        let user = user()
        let wait = user.model.session.nextMidnight.map { $0 - user.now }
        #expect(wait == .seconds(7 * 3_600 + 17 * 60) || wait.map { $0 < .seconds(7 * 3_600 + 17 * 60) } == true)
    }
}
