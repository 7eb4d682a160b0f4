import Foundation
import Testing

@testable import Base

@Suite struct ThemeTests {
    private static let palettes = Palette.allCases.flatMap { palette in
        Theme.Kind.allCases.filter { $0 != .monochrome }.map { (Theme($0), palette) }
    }

    /// If there are colours, roles with a meaning differ from each other and from plain text.
    @Test(arguments: palettes)
    func tellsRolesApart(theme: Theme, palette: Palette) {
        let looks = Role.allCases.map { theme.look(of: $0, in: palette) }
        #expect(palette == .monochrome || Set(looks).count == Role.allCases.count)
        #expect(theme.look(of: .bad, in: palette) != theme.look(of: .good, in: palette))
        #expect(palette != .monochrome || looks.allSatisfy { $0.colour?.code(in: palette) == nil })
        #expect(theme.look(of: .plain, in: palette) == Look())
    }

    /// By the formula of WCAG 2: 4.5 is asked of text, 3 of large text.
    @Test(
        arguments: [
            (.dark, [Colour(16), Colour(234)], 4.5), (.light, [Colour(231), Colour(255)], 4.5),
            (.auto, [Colour(16), Colour(231)], 3),
        ] as [(Theme.Kind, [Colour], Double)])
    func canBeRead(kind: Theme.Kind, backgrounds: [Colour], least: Double) {
        for role in Role.allCases {
            guard let colour = Theme(kind).look(of: role, in: .many).colour else { continue }
            for background in backgrounds {
                let contrast = Self.contrast(colour.rgb, background.rgb)
                #expect(contrast >= least, "\(role) on \(background.number): \(contrast)")
            }
        }
    }

    /// If the background is unknown, no colour is unreadable on white, or on black unless it is bold.
    @Test(arguments: [Palette.eight, .sixteen])
    func namedColoursThatCannotBeReadAreAvoided(palette: Palette) {
        for role in Role.allCases {
            let look = Theme(.auto).look(of: role, in: palette)
            #expect(![3, 6, 11, 14].contains(look.colour?.number), "\(role)")
            #expect(look.colour?.number != 4 || look.isBold, "\(role)")
        }
    }

    @Test func theUsersLooksWin() {
        let theme = Theme(
            .dark, changes: [.good: Look(Colour(45)), .bad: Look(Colour(1), bold: true), .notice: Look()])
        #expect(theme.look(of: .good, in: .many) == Look(Colour(45)))
        #expect(theme.look(of: .notice, in: .many) == Look())
        // Without colours, what shows without one.
        #expect(theme.look(of: .good, in: .monochrome) == Theme(.dark).look(of: .good, in: .monochrome))
        #expect(theme.look(of: .bad, in: .monochrome).isBold)
    }

    private static func contrast(_ one: RGB, _ other: RGB) -> Double {
        func light(_ colour: RGB) -> Double {
            func linear(_ value: UInt8) -> Double {
                let value = Double(value) / 255
                return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
            }
            return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)
        }
        let lights = [light(one), light(other)].sorted()
        return (lights[1] + 0.05) / (lights[0] + 0.05)
    }
}

@Suite struct ColourTests {
    @Test(
        arguments: [
            ("red", 1), ("Bright-Red", 9), ("brightred", 9), ("grey", 8), ("0", 0), ("255", 255), ("#ff0000", 196),
            ("#FFFFFF", 231), ("#000000", 16), ("#5fafff", 75), ("#808080", 244), ("#ff00fe", 201),
        ] as [(String, UInt8)])
    func peopleWriteThem(name: String, number: UInt8) {
        #expect(Colour(name: name)?.number == number)
    }

    @Test(arguments: ["", "redd", "256", "-1", "+1", "#fff", "#12345g", "#1234567", "bright-", "٣"])
    func whatIsNoColourIsNone(name: String) {
        #expect(Colour(name: name) == nil)
    }

    @Test func everyColourIsItsOwnNearest() {
        for number in UInt8(16)...255 {
            let colour = Colour(number)
            let again = Colour(red: colour.rgb.red, green: colour.rgb.green, blue: colour.rgb.blue)
            #expect(again.rgb == colour.rgb)
        }
    }

    @Test func everyColourHasAPlaceInEveryPalette() {
        for number in UInt8.min...255 {
            #expect((0..<8).contains(Colour(number).code(in: .eight) ?? -1))
            #expect((0..<16).contains(Colour(number).code(in: .sixteen) ?? -1))
            #expect(Colour(number).code(in: .many) == Int32(number))
            #expect(Colour(number).code(in: .monochrome) == nil)
        }
        #expect(Colour(196).code(in: .sixteen) == 9)
        #expect(Colour(196).code(in: .eight) == 1)
        #expect(Colour(255).code(in: .direct) == 0xeeeeee)
    }
}
