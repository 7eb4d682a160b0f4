import Notifications
import struct TestSupport.SeededGenerator
import Testing

@testable import Outgoing

@Suite("A series of samples")
struct SampleSeriesTests {
    private func orders(_ series: SampleSeries, notifications: Int) -> [[SampleOrder]] {
        var generator = SeededGenerator(seed: 7)
        return (0..<notifications).map { series.orders(of: $0, using: &generator) }
    }

    @Test("without anything given, each event is the usual sample")
    func usual() {
        #expect(orders(SampleSeries(), notifications: 2) == [[SampleOrder()], [SampleOrder()]])
    }

    @Test("values take turns, and a notification has one bucket and one rule")
    func turns() {
        var series = SampleSeries()
        series.types = [EventType("b2:ObjectCreated:Upload"), EventType("b2:ObjectDeleted:Delete")]
        series.names = ["a-{n}.txt", "b"]
        series.sizes = [5...5, 7...7]
        series.buckets = ["one", "two"]
        series.rules = ["r"]
        series.batch = 3
        let made = orders(series, notifications: 2)
        #expect(made.flatMap(\.self).map(\.objectName) == ["a-1.txt", "b", "a-3.txt", "b", "a-5.txt", "b"])
        #expect(made.flatMap(\.self).map(\.objectSize) == [5, 7, 5, 7, 5, 7])
        #expect(made[0].map(\.type.name)[0...1] == ["b2:ObjectCreated:Upload", "b2:ObjectDeleted:Delete"])
        #expect(made.map { Set($0.map(\.bucketName)) } == [["one"], ["two"]])
        #expect(made.allSatisfy { $0.allSatisfy { $0.ruleName == "r" } })
    }

    @Test("a size of a range is within it")
    func ranges() {
        var series = SampleSeries()
        series.sizes = [10...20]
        let sizes = orders(series, notifications: 200).flatMap(\.self).map(\.objectSize)
        #expect(sizes.allSatisfy { (10...20).contains($0) } && Set(sizes).count > 5)
    }

    @Test("a mixed series varies what is not given, and only that")
    func mixed() {
        var series = SampleSeries()
        series.isMixed = true
        series.buckets = ["mine"]
        let made = orders(series, notifications: 300).flatMap(\.self)
        #expect(Set(made.map(\.type.name)).count > 5)
        #expect(Set(made.map(\.objectName)).count > 200)
        #expect(Set(made.map(\.objectSize)).count > 100)
        #expect(Set(made.map(\.ruleName)).count == 3)
        #expect(Set(made.map(\.bucketName)) == ["mine"])
        #expect(!made.contains { $0.type.name == "b2:TestEvent" })
    }
}
