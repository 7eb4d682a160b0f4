/// A colour of the 256 that terminals number: 16 with names, which a terminal may show as it likes, a cube of six steps
/// of red, green and blue, and 24 greys.
public struct Colour: Sendable, Hashable {
    /// Its number.
    public let number: UInt8

    /// A colour by its number.
    public init(_ number: UInt8) {
        self.number = number
    }

    /// The nearest of the cube and the greys.
    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self = Colour(Self.nearest(to: RGB(red, green, blue), among: 16...255))
    }

    /// A colour by what people write: one of `names` (in any case, with or without the `-`), a number from 0 to 255,
    /// or `#rrggbb`.
    public init?(name: String) {
        let word = name.lowercased()
        if let number = Self.names.firstIndex(where: { $0 == word || $0.filter { $0 != "-" } == word }) {
            self.init(UInt8(number))
        } else if word == "gray" || word == "grey" {
            self.init(8)
        } else if word.hasPrefix("#") {
            let digits = word.dropFirst()
            guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
                return nil
            }
            self.init(red: UInt8(value >> 16), green: UInt8(value >> 8 & 0xff), blue: UInt8(value & 0xff))
        } else {
            guard word.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt8(word) else { return nil }
            self.init(number)
        }
    }

    /// The names of the first 16, by number.
    public static let names = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "bright-black", "bright-red",
        "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
    ]

    /// What ncurses calls it, or the nearest there is, on a terminal with such a palette; nil where there is none.
    func code(in palette: Palette) -> Int32? {
        switch palette {
        case .monochrome: nil
        case .eight:
            Int32(number < 16 ? number & 7 : Self.nearest(to: rgb, among: 0...15) & 7)
        case .sixteen: Int32(number < 16 ? number : Self.nearest(to: rgb, among: 0...15))
        case .many: Int32(number)
        case .direct: number < 8 ? Int32(number) : rgb.code
        }
    }

    /// What xterm shows it as.
    var rgb: RGB {
        switch number {
        case ..<16: Self.named[Int(number)]
        case ..<232:
            RGB(
                Self.steps[Int(number - 16) / 36], Self.steps[Int(number - 16) / 6 % 6],
                Self.steps[Int(number - 16) % 6])
        default: RGB(8 + 10 * (number - 232), 8 + 10 * (number - 232), 8 + 10 * (number - 232))
        }
    }

    private static let steps: [UInt8] = [0, 95, 135, 175, 215, 255]

    private static let named = [
        RGB(0, 0, 0), RGB(205, 0, 0), RGB(0, 205, 0), RGB(205, 205, 0), RGB(0, 0, 238), RGB(205, 0, 205),
        RGB(0, 205, 205), RGB(229, 229, 229), RGB(127, 127, 127), RGB(255, 0, 0), RGB(0, 255, 0), RGB(255, 255, 0),
        RGB(92, 92, 255), RGB(255, 0, 255), RGB(0, 255, 255), RGB(255, 255, 255),
    ]

    private static func nearest(to wanted: RGB, among numbers: ClosedRange<UInt8>) -> UInt8 {
        numbers.min { Colour($0).rgb.distance(to: wanted) < Colour($1).rgb.distance(to: wanted) } ?? 0
    }
}

/// Red, green and blue, as a screen shines.
struct RGB: Sendable, Hashable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// How ncurses numbers it where colours are not numbered but mixed.
    var code: Int32 { Int32(red) << 16 | Int32(green) << 8 | Int32(blue) }

    func distance(to other: RGB) -> Int {
        [(red, other.red), (green, other.green), (blue, other.blue)]
            .reduce(0) { $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1)) }
    }
}
