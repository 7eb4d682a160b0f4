public import Notifications

/// What a sample event is to be about.
public struct SampleOrder: Sendable, Hashable {
    public var type = EventType("b2:ObjectCreated:Upload")
    public var objectName = "b2watch/sample.txt"
    /// In bytes. Hide markers have 0 and test events none, whatever this says.
    public var objectSize: Int64 = 1_024
    public var bucketName = "b2watch-sample"
    public var ruleName = "b2watchSample"

    public init() {}
}

extension SampleNotification {
    /// Makes a notification of these events; their ids are random.
    ///
    /// - Parameters:
    ///   - orders: One for each event: B2 sends 1 to 50.
    ///   - now: The time of the first event; each further one is a millisecond later.
    public init(_ orders: [SampleOrder], at now: Timestamp, using generator: inout some RandomNumberGenerator) {
        let events = orders.enumerated().map { index, order in
            let time = Timestamp(milliseconds: now.milliseconds + Int64(index))
            return SampleEvent(
                bucketName: order.bucketName,
                eventID: RandomHex.digits(64, using: &generator),
                timestamp: time,
                type: order.type,
                ruleName: order.ruleName,
                object: SampleObject(order, at: time, using: &generator))
        }
        self.init(events: events)
    }
}

extension SampleObject {
    /// Nil for a test event, which is about no object.
    fileprivate init?(_ order: SampleOrder, at time: Timestamp, using generator: inout some RandomNumberGenerator) {
        let type = order.type.name
        if type == "b2:TestEvent" { return nil }
        let size: Int64? =
            if type.hasPrefix("b2:HideMarkerCreated:") {
                0
            } else if type.hasPrefix("b2:MultipartUploadCreated:") {
                nil
            } else {
                order.objectSize
            }
        self.init(name: order.objectName, size: size, versionID: Self.versionID(at: time, using: &generator))
    }

    /// Such as `4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c_d20260101_m101112_c001_v0001044_t0001_u01767262272345`.
    private static func versionID(at time: Timestamp, using generator: inout some RandomNumberGenerator) -> String {
        let calendar = CalendarTime(time, secondsFromUTC: 0)
        let date = calendar?.date.filter { $0 != "-" } ?? "00000000"
        let timeOfDay = calendar?.timeOfDay.filter { $0 != ":" } ?? "000000"
        let milliseconds = String(time.milliseconds.magnitude)
        let padding = String(repeating: "0", count: max(0, 14 - milliseconds.utf8.count))
        return "4_z\(SampleEvent.sampleBucketID)_f1\(RandomHex.digits(15, using: &generator))_d\(date)_m\(timeOfDay)"
            + "_c001_v0001044_t0001_u\(padding)\(milliseconds)"
    }
}
