using System;

namespace Shop
{
    static class Program
    {
        static int Total(int[] prices)
        {
            int unused;
            return totl(prices);
        }

        static string Name()
        {
            return 3;
        }

        static void Main()
        {
            Console.WriteLine(Total(new int[0]), Name());
        }
    }
}
