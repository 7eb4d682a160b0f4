/// How much time the pulse shows, and the bars it is divided into.
enum PulseSpan: Int, CaseIterable, Comparable {
    case minute, tenMinutes, hour, sixHours, day, week, month, quarter, year

    static func < (one: PulseSpan, other: PulseSpan) -> Bool { one.rawValue < other.rawValue }

    var title: String {
        switch self {
        case .minute: "a minute"
        case .tenMinutes: "10 minutes"
        case .hour: "an hour"
        case .sixHours: "6 hours"
        case .day: "a day"
        case .week: "a week"
        case .month: "30 days"
        case .quarter: "90 days"
        case .year: "a year"
        }
    }

    /// In milliseconds.
    var length: Int64 {
        switch self {
        case .minute: 60 * Self.second
        case .tenMinutes: 600 * Self.second
        case .hour: 3_600 * Self.second
        case .sixHours: 21_600 * Self.second
        case .day: Self.dayLength
        case .week: 7 * Self.dayLength
        case .month: 30 * Self.dayLength
        case .quarter: 90 * Self.dayLength
        case .year: 365 * Self.dayLength
        }
    }

    var closer: PulseSpan { PulseSpan(rawValue: rawValue - 1) ?? self }
    var wider: PulseSpan { PulseSpan(rawValue: rawValue + 1) ?? self }

    /// The least round width of a bar, in milliseconds, with which no more than so many are needed.
    func barWidth(atMost bars: Int) -> Int64 {
        let least = (length + Int64(max(1, bars)) - 1) / Int64(max(1, bars))
        return Self.widths.first { $0 >= least } ?? length
    }

    /// How many bars of that width the span has.
    func barCount(width: Int64) -> Int {
        Int((length + width - 1) / width)
    }

    private static let second: Int64 = 1_000
    private static let dayLength: Int64 = 86_400_000
    /// Widths that a person reads without reckoning.
    private static let widths: [Int64] = {
        let seconds: [Int64] = [
            1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600,
            28_800, 43_200,
        ]
        let days: [Int64] = [1, 2, 3, 4, 5, 7, 14, 30, 90]
        return seconds.map { $0 * second } + days.map { $0 * dayLength }
    }()
}
